// SPDX-License-Identifier: Apache-2.0
// A length of time: in words, and as a field of a number and its unit.
import { Group, Input, NativeSelect, NumberInput } from '@mantine/core';
import { useState } from 'react';

const units = [
  { value: 1, label: 'seconds', short: 's' },
  { value: 60, label: 'minutes', short: 'min' },
  { value: 3600, label: 'hours', short: 'h' },
  { value: 86_400, label: 'days', short: 'd' },
];

/** "3 min 20 s": the two largest units that say something. */
export function spanText(seconds: number): string {
  let left = Math.round(seconds);
  const parts = [...units].reverse().map(({ value, short }) => {
    const count = Math.floor(left / value);
    left -= count * value;
    return { count, text: `${count} ${short}` };
  });
  const first = parts.findIndex((part) => part.count > 0);
  if (first < 0) return '0 s';
  return parts.slice(first, first + 2).filter((part) => part.count > 0).map((part) => part.text).join(' ');
}

/** The largest unit in which it is a whole number. */
function unitOf(seconds: number): number {
  return [...units].reverse().find(({ value }) => seconds > 0 && seconds % value === 0)?.value ?? 60;
}

interface SpanInputProps {
  label: string;
  description?: string;
  value: number;
  max?: number;
  onChange: (seconds: number) => void;
}

export function SpanInput(props: SpanInputProps) {
  const [unit, setUnit] = useState(() => unitOf(props.value));
  const max = props.max ?? 30 * 86_400;
  const change = (count: number, by: number) => props.onChange(Math.min(max, Math.max(1, Math.round(count)) * by));
  return (
    <Input.Wrapper label={props.label} description={props.description} labelElement="div">
      <Group gap="xs" wrap="nowrap" mt={4}>
        <NumberInput aria-label={props.label} flex={1} min={1} max={Math.floor(max / unit)} allowDecimal={false} clampBehavior="strict" value={Math.max(1, Math.round(props.value / unit))}
          onChange={(count) => typeof count === 'number' && change(count, unit)} />
        <NativeSelect aria-label={`${props.label}: unit`} data={units.map(({ value, label }) => ({ value: String(value), label }))} value={String(unit)}
          onChange={(event) => {
            const next = Number(event.currentTarget.value);
            change(Math.max(1, Math.round(props.value / unit)), next);
            setUnit(next);
          }} />
      </Group>
    </Input.Wrapper>
  );
}
