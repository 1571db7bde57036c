// SPDX-License-Identifier: Apache-2.0
// Stacked areas over time, drawn by uPlot. Loaded when there is something to draw.
import 'uplot/dist/uPlot.min.css';
import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import { colourOf } from './palette';

export interface ChartProps {
  /** Unix seconds, rising. */
  times: number[];
  /** Of each series, its values at the times. */
  series: { name: string; values: number[] }[];
  label: string;
  height?: number;
  /** Which time is pointed at; null: none. */
  onPoint?: (index: number | null) => void;
}

const ALPHA = 0.45;

/** Series on top of each other: each holds the sum of itself and those before. */
function stack(series: ChartProps['series']): number[][] {
  const sums: number[][] = [];
  for (const { values } of series) {
    const below = sums.at(-1);
    sums.push(values.map((value, index) => value + (below?.[index] ?? 0)));
  }
  return sums;
}

function withAlpha(colour: string, alpha: number): string {
  return `${colour}${Math.round(alpha * 255).toString(16).padStart(2, '0')}`;
}

export default function Chart(props: ChartProps) {
  const holder = useRef<HTMLDivElement>(null);
  const point = useRef(props.onPoint);
  point.current = props.onPoint;
  const scheme = useComputedColorScheme('light');
  const { times, series } = props;
  const height = props.height ?? 260;
  useEffect(() => {
    const element = holder.current;
    if (element === null) return undefined;
    const sums = stack(series);
    const axis = {
      stroke: scheme === 'dark' ? '#c9c9c9' : '#4a4a4a',
      grid: { stroke: scheme === 'dark' ? '#ffffff1a' : '#0000001a', width: 1 },
      ticks: { stroke: scheme === 'dark' ? '#ffffff1a' : '#0000001a', width: 1 },
    };
    // 24-hour clocks; a day's or a year's name where it begins.
    const values: uPlot.Axis.Values = [
      [86_400 * 365, '{YYYY}', null, null, null, null, null, null, 1],
      [86_400 * 28, '{MMM}', '\n{YYYY}', null, null, null, null, null, 1],
      [86_400, '{D} {MMM}', '\n{YYYY}', null, null, null, null, null, 1],
      [60, '{HH}:{mm}', '\n{D} {MMM}', null, '\n{D} {MMM}', null, null, null, 1],
      [1, '{HH}:{mm}:{ss}', '\n{D} {MMM}', null, '\n{D} {MMM}', null, null, null, 1],
    ];
    const stepped = uPlot.paths.stepped!({ align: 1 });
    const plot = new uPlot({
      width: element.clientWidth || 300,
      height,
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false } },
      scales: { y: { range: (_plot, _min, max) => [0, Math.max(1, Math.ceil(max * 1.05))] } },
      axes: [{ ...axis, values }, { ...axis, size: 56, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000] }],
      // Series 1 is the topmost sum; each band lies between it and the one below,
      // the lowest reaches down to zero.
      series: [{}, ...series.map((_, index) => {
        const at = series.length - 1 - index;
        const colour = colourOf(at, scheme);
        return { stroke: colour, width: 2, paths: stepped, points: { show: false }, ...(at === 0 ? { fill: withAlpha(colour, ALPHA) } : {}) };
      })],
      bands: series.slice(1).map((_, index) => ({
        series: [index + 1, index + 2] as [number, number],
        fill: withAlpha(colourOf(series.length - 1 - index, scheme), ALPHA),
      })),
      hooks: { setCursor: [(u) => point.current?.(u.cursor.idx ?? null)] },
    }, [times, ...[...sums].reverse()], element);
    const watcher = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }));
    watcher.observe(element);
    return () => {
      watcher.disconnect();
      plot.destroy();
    };
  }, [times, series, scheme, height]);
  return <div ref={holder} role="img" aria-label={props.label} style={{ minHeight: height, overflow: 'hidden' }} />;
}
