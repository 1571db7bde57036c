// SPDX-License-Identifier: Apache-2.0
import { Badge, type BadgeProps } from '@mantine/core';
import type { ReactNode } from 'react';

interface TintedProps extends BadgeProps {
  /** One of the theme's colours. */
  tint: string;
  children: ReactNode;
}

/** A badge on a tint of a colour, its words in the text's own: they can be read
 * on any tint, in light and dark. */
export function Tinted({ tint, ...props }: TintedProps) {
  return <Badge variant="light" tt="none" c="var(--mantine-color-text)" bg={`color-mix(in srgb, var(--mantine-color-${tint}-6) 25%, transparent)`} {...props} />;
}
