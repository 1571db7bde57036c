// SPDX-License-Identifier: Apache-2.0
// What devices report as names, said for people.
import { ApiError } from '../../api/client';
import { withDetail } from '../../components/why';

const reasons: Record<string, string> = {
  READY: 'ready',
  FIRMWARE_UPDATED_SUCCESSFULLY: 'updated',
  NOT_ENOUGH_FLASH_MEMORY: 'not enough flash for it',
  OUT_OF_RAM: 'not enough memory for it',
  CONNECTION_LOST: 'the connection was lost',
  INTEGRITY_CHECK_FAILURE: 'the bytes that arrived were not the right ones',
  UNSUPPORTED_PACKAGE_TYPE: 'the device does not know this package',
  INVALID_URI: 'the device did not understand where to fetch it',
  FIRMWARE_UPDATE_FAILED: 'the device refused it or could not run it',
  UNSUPPORTED_PROTOCOL: 'the device does not know how to fetch it',
  IO: 'the device could not store it',
  AWAIT_RETRY: 'it is tried again later',
};
export const reasonNames = Object.keys(reasons);

/** In words; an unknown one as the device said it. */
export function reasonText(name: string): string {
  return reasons[name] ?? name;
}

/** Reasons 2 and above say that something went wrong; 11 waits and tries again. */
export function isFailure(reason: number | string): boolean {
  const code = typeof reason === 'number' ? reason : reasonNames.indexOf(reason);
  return code >= 2 && code !== 11;
}

const states: Record<string, string> = {
  IDLE: 'idle',
  DOWNLOADING: 'downloading',
  DOWNLOADED: 'downloaded',
  UPDATING: 'updating',
};
export const stateNames = Object.keys(states);
export function stateText(name: string): string {
  return states[name] ?? name.toLowerCase();
}

/** One sentence for a line of the update history. */
export function eventText(event: { eventType: string; status: string | number; message?: string; detail?: string; currentVersion: string; targetVersion: string; packageId: string }): string {
  const target = event.targetVersion || event.currentVersion;
  const what = target ? `${event.packageId} ${target}` : event.packageId;
  if (isFailure(Number(event.status))) return `${what}: ${withDetail(reasonText(event.message ?? ''), event.detail)}`;
  // Said while still “updating”, just before it is idle again.
  if (event.message === 'FIRMWARE_UPDATED_SUCCESSFULLY') return `Updated to ${what}`;
  switch (event.eventType) {
    case 'DOWNLOADING':
      return `Downloads ${what}`;
    case 'DOWNLOADED':
      return `Has downloaded ${what}`;
    case 'UPDATING':
      return `Switches to ${what}`;
    case 'IDLE':
      return event.currentVersion ? `Runs ${event.packageId} ${event.currentVersion}` : `Runs no ${event.packageId} yet`;
    default:
      return `${what}: ${event.eventType.toLowerCase()}`;
  }
}

const settingErrors: Record<string, string> = {
  KEY_NOT_RECOGNIZED: 'does not know this setting',
  KEY_NOT_VALID: 'says the key is not valid',
  VALUE_FORMAT_NOT_VALID: 'expects another type of value',
  VALUE_OUT_OF_RANGE: 'says the value is out of range',
  VALUE_STRING_TOO_LONG: 'says the text is too long',
  GENERAL_ERROR: 'could not take it',
};
export function settingErrorText(name: string): string {
  return settingErrors[name] ?? `answered ${name}`;
}

const grpc = [
  'success', 'cancelled', 'unknown error', 'invalid argument', 'deadline exceeded', 'not found', 'already exists', 'permission denied',
  'resource exhausted', 'failed precondition', 'aborted', 'out of range', 'not implemented', 'internal error', 'unavailable', 'data loss', 'unauthenticated',
];
export function statusText(code: number): string {
  return grpc[code] ?? `status ${code}`;
}

/** Why a call did not come back, and what to do about it. */
export function callErrorText(error: unknown): string {
  if (!(error instanceof ApiError)) return String(error);
  const detail = error.details.find((d) => typeof d['reason'] === 'string');
  const heard = detail?.['delivered'] === true ? ' It had heard the call, and may have acted on it.' : '';
  switch (detail?.['reason']) {
    case 'offline':
      return 'The device is offline; it was not told anything. Try again when it is back.';
    case 'not_listening':
      return 'The device is online, but its program does not listen to calls: has it registered a method?';
    case 'timed_out':
      return `No answer in time.${heard || ' It had not confirmed that it heard the call.'}`;
    case 'gone':
      return `The device went away while it was asked.${heard}`;
    case 'busy':
      return 'Too many calls are waiting for an answer already. Try again in a moment.';
    default:
      return error.message;
  }
}
