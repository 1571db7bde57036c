// SPDX-License-Identifier: Apache-2.0
// Devices that cannot run what a release holds are named, and the release is
// made only by somebody who says that they know.
import { Button, Checkbox, Group, List, Modal, Stack, Text } from '@mantine/core';
import { useEffect, useState } from 'react';
import { ApiError } from '../../api/client';

interface Unable {
  id: string;
  name: string;
  why: string;
}

/** The devices that a refusal names. */
function unableOf(error: ApiError): Unable[] {
  const rows = error.details.flatMap((detail) => (Array.isArray(detail['devices']) ? (detail['devices'] as Record<string, unknown>[]) : 'deviceId' in detail ? [detail] : []));
  return rows.map((row) => (typeof row === 'string'
    ? { id: row, name: row, why: '' }
    : { id: String(row['deviceId'] ?? row['id'] ?? ''), name: String(row['deviceName'] ?? row['name'] ?? row['deviceId'] ?? ''), why: String(row['why'] ?? row['reason'] ?? '') }));
}

export function isIncompatible(error: unknown): boolean {
  return error instanceof ApiError && error.status === 409
    && (error.field === 'force' || /cannot run this/.test(error.message) || error.details.some((detail) => 'devices' in detail || 'deviceId' in detail || detail['reason'] === 'incompatible'));
}

interface ForceQuestionProps {
  refusal: ApiError | undefined;
  busy: boolean;
  onCancel: () => void;
  onForce: () => void;
}

export function ForceQuestion(props: ForceQuestionProps) {
  const [sure, setSure] = useState(false);
  useEffect(() => setSure(false), [props.refusal]);
  const unable = props.refusal ? unableOf(props.refusal) : [];
  return (
    <Modal opened={props.refusal !== undefined} onClose={props.onCancel} title="Some devices cannot run this">
      <Stack>
        <Text size="sm" className="gw-text">{props.refusal?.message.replace(/; narrow the release or send "force"$/, '.')}</Text>
        {unable.length > 0 ? (
          <List size="sm" aria-label="Devices that cannot run it">
            {unable.slice(0, 20).map((device) => (
              <List.Item key={device.id}><b className="gw-text">{device.name}</b>{device.why ? `: ${device.why}` : ''}</List.Item>
            ))}
          </List>
        ) : null}
        <Text size="sm">They would refuse it after the download, report a failure, and go on with what they run.</Text>
        <Checkbox label="I know that these devices cannot run it" checked={sure} onChange={(event) => setSure(event.currentTarget.checked)} />
        <Group justify="flex-end">
          <Button variant="default" onClick={props.onCancel}>Cancel</Button>
          <Button color="red" disabled={!sure} loading={props.busy} onClick={props.onForce}>Do it anyway</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
