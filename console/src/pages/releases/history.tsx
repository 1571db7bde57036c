// SPDX-License-Identifier: Apache-2.0
// Who changed a release, and what: for admins, out of the audit log.
import { Text, Timeline } from '@mantine/core';
import { useList } from '../../api/queries';
import { useProject } from '../../api/session';
import { TimeAgo } from '../../components/values';
import { Section } from '../artifacts/facts';

interface Entry {
  id: string;
  time: string;
  actor: { type: string; id: string; name: string; address: string };
  action: string;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
}
const SHOWN = 20;

function words(value: unknown): string {
  if (value === true) return 'on';
  if (value === false) return 'off';
  if (value === undefined || value === null || value === '') return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'nothing' : value.join(', ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Columns whose own names say little. */
const titles: Record<string, string> = {
  spreadFixed: 'spread by the release', spreadS: 'spread, seconds', shadowWindows: 'shadow, answers', shadowS: 'shadow, seconds',
  agreementPermille: 'agreement, of 1,000', latencyPercent: 'time, % of the active model’s', confirmS: 'confirmed after, seconds',
};

function changesOf(entry: Entry): string {
  if (entry.action === 'create') return 'made it';
  if (entry.action === 'delete') return 'deleted it';
  const names = Object.keys({ ...entry.before, ...entry.after }).filter((name) => name !== 'updatedAt');
  return names.map((name) => `${titles[name] ?? name}: ${words(entry.before?.[name])} → ${words(entry.after?.[name])}`).join('; ') || entry.action;
}

export function ReleaseHistory(props: { releaseId: string }) {
  const { project, api } = useProject();
  const entries = useList<Entry>('audit', project, api('audit'), { kind: 'release', objectId: props.releaseId, limit: SHOWN }).data?.list ?? [];
  if (entries.length === 0) return null;
  return (
    <Section title="History">
      <Timeline bulletSize={14} lineWidth={2} active={entries.length}>
        {entries.map((entry) => (
          <Timeline.Item key={entry.id} title={<span className="gw-text">{entry.actor.name || entry.actor.type}</span>}>
            <Text size="sm" className="gw-text">{changesOf(entry)}</Text>
            <Text size="xs" c="dimmed"><TimeAgo time={entry.time} /></Text>
          </Timeline.Item>
        ))}
      </Timeline>
    </Section>
  );
}
