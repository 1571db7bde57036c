// SPDX-License-Identifier: Apache-2.0
// Colours that people who see few colours can tell apart (Okabe and Ito), in
// two shades for light and dark; a version keeps its colour on the page.
const light = ['#0072b2', '#d55e00', '#009e73', '#b8528f', '#8a6d00', '#3b8fc4', '#5a5a5a', '#7a3b00'];
const dark = ['#56b4e9', '#e69f00', '#2fc294', '#e29cc7', '#f0e442', '#7f9fe0', '#b0b0b0', '#f08a4b'];

export function colourOf(index: number, scheme: 'light' | 'dark'): string {
  const palette = scheme === 'dark' ? dark : light;
  return palette[index % palette.length]!;
}
