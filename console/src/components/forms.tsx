// SPDX-License-Identifier: Apache-2.0
// What the server says of a field goes beside the field; the rest is told.
import type { UseFormReturnType } from '@mantine/form';
import { modals } from '@mantine/modals';
import { notifications } from '@mantine/notifications';
import { ApiError, messageOf } from '../api/client';
import { Text } from '@mantine/core';

const closeButtonProps = { 'aria-label': 'Close this message' };

export function tellError(error: unknown, title = 'That did not work'): void {
  notifications.show({ color: 'red', title, message: messageOf(error), autoClose: 10_000, closeButtonProps });
}
export function tellDone(message: string): void {
  notifications.show({ color: 'green', message, closeButtonProps });
}

/** The second of two editors is told, and chooses: read again, or stay. */
export function tellConflict(error: { message: string }, readAgain: () => void): void {
  modals.openConfirmModal({
    title: 'Somebody else changed this meanwhile',
    children: <Text size="sm">{error.message}</Text>,
    labels: { confirm: 'Show me the newest', cancel: 'Keep what I typed' },
    onConfirm: readAgain,
  });
}

/** The field that the error is about: said so, or "certificateDays: at most 3650". */
function fieldOf(error: ApiError): string | undefined {
  return error.field ?? /^(\w+): /.exec(error.message)?.[1];
}

/** Below its field, an error need not name it: "password: is too short" says "Is too short" there. */
function besideField(field: string, message: string): string {
  const text = message.startsWith(`${field}: `) ? message.slice(field.length + 2) : message;
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Puts a failed save's error where it belongs. */
export function showFormError(form: UseFormReturnType<any>, error: unknown, readAgain?: () => void): void {
  if (error instanceof ApiError && error.status === 412 && readAgain) {
    tellConflict(error, readAgain);
  } else if (error instanceof ApiError && (fieldOf(error) ?? '') in (form.getValues() as object)) {
    form.setFieldError(fieldOf(error)!, besideField(fieldOf(error)!, error.message));
  } else {
    tellError(error);
  }
}

/** Asks before something is lost. */
export function askDelete(what: string, consequence: string, onConfirm: () => void): void {
  modals.openConfirmModal({
    title: `Delete ${what}?`,
    children: <Text size="sm">{consequence}</Text>,
    labels: { confirm: 'Delete', cancel: 'Keep' },
    confirmProps: { color: 'red' },
    onConfirm,
  });
}
