// SPDX-License-Identifier: Apache-2.0
// What the role may not do stays visible, and says whom to ask.
import { Button, Tooltip, type ButtonProps } from '@mantine/core';
import type { ReactNode } from 'react';
import { useProject, type Right } from '../api/session';

const whoMay: Record<Right, string> = {
  VIEW: 'Only members of this project may do this.',
  OPERATE: 'Viewers cannot change anything: ask an operator or an admin of this project.',
  ADMIN: 'Only an admin of this project may do this.',
  SERVER: 'Only an admin of the whole server may do this.',
};

export function whyNot(right: Right): string {
  return whoMay[right];
}

interface GuardedButtonProps extends ButtonProps {
  right: Right;
  onClick: () => void;
  children: ReactNode;
  'aria-label'?: string;
}

/** A button for those who may; for others it is there, greyed, with the reason. */
export function GuardedButton({ right, onClick, ...props }: GuardedButtonProps) {
  const { may } = useProject();
  if (may(right)) return <Button {...props} onClick={onClick} />;
  return (
    <Tooltip label={whoMay[right]} multiline maw={260}>
      <Button {...props} data-disabled aria-disabled onClick={(event) => event.preventDefault()} />
    </Tooltip>
  );
}
