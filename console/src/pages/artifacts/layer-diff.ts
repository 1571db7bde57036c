// SPDX-License-Identifier: Apache-2.0
// Two lists of layers, side by side: the longest common subsequence stays, the
// rest was added or removed.
export interface DiffLine {
  mark: ' ' | '+' | '-';
  text: string;
}

export function diffLines(before: string[], after: string[]): DiffLine[] {
  const common: number[][] = Array.from({ length: before.length + 1 }, () => new Array<number>(after.length + 1).fill(0));
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      common[i]![j] = before[i] === after[j] ? common[i + 1]![j + 1]! + 1 : Math.max(common[i + 1]![j]!, common[i]![j + 1]!);
    }
  }
  const lines: DiffLine[] = [];
  let i = 0, j = 0;
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      lines.push({ mark: ' ', text: before[i]! });
      i++;
      j++;
    } else if (j < after.length && (i === before.length || common[i]![j + 1]! > common[i + 1]![j]!)) {
      lines.push({ mark: '+', text: after[j++]! });
    } else {
      lines.push({ mark: '-', text: before[i++]! });
    }
  }
  return lines;
}
