// SPDX-License-Identifier: Apache-2.0
// Releases, newest first: one column a package, who gets which now.
import { Anchor, Badge, Button, Group, Select, Stack, Switch, Text, Tooltip } from '@mantine/core';
import { IconArrowBackUp, IconRocket } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { useList, useObject } from '../../api/queries';
import { useProject } from '../../api/session';
import type { Artifact, Blueprint, Release, Rollout, Tag } from '../../api/types';
import { GuardedButton, whyNot } from '../../components/guarded';
import { PageHead } from '../../components/page';
import { useParamsOf } from '../../components/params';
import { DataTable, type Column } from '../../components/table';
import { countText, TimeAgo, VersionStep } from '../../components/values';
import { useArtifacts, useBlueprints, useById, useTags } from '../artifacts/data';
import { RolloutBar } from './rollout-bar';
import { RolloutDialog } from './rollout-dialog';
import { contentText, releaseTitle } from './words';

function useRollout(release: Release): Rollout | undefined {
  const { project, api } = useProject();
  return useObject<Rollout>('rollout', project, api(`releases/${release.id}/rollout`), {}, release.rollout).data?.data;
}

/** Is it what devices get, and how far is it? */
function RolloutCell(props: { release: Release }) {
  const rollout = useRollout(props.release);
  if (!props.release.rollout) return <Text span size="sm" c="dimmed">off</Text>;
  if (!rollout) return <Text span size="sm" c="dimmed">…</Text>;
  if (rollout.targets === 0) {
    return <Text span size="sm" c="dimmed">{rollout.superseded > 0 ? 'replaced by a newer release' : 'fits no device yet'}</Text>;
  }
  return (
    <Stack gap={4} miw={140}>
      <Group gap="xs" wrap="nowrap">
        <Badge color="teal" variant="filled" tt="none" flex="none" data-active>active</Badge>
        <Text span size="sm" style={{ whiteSpace: 'nowrap' }}>{countText(rollout.states.updated)} of {countText(rollout.targets)}</Text>
      </Group>
      <RolloutBar rollout={rollout} size="sm" />
    </Stack>
  );
}

export function Targets(props: { release: Release; blueprints: Map<string, Blueprint>; tags: Map<string, Tag> }) {
  const { release } = props;
  if (release.blueprintId === '' && release.deviceTagIds.length === 0) return <Text span size="sm">all devices</Text>;
  return (
    <Group gap={4}>
      {release.blueprintId ? <Badge variant="outline" color="gray" tt="none" className="gw-text">{props.blueprints.get(release.blueprintId)?.name ?? '…'}</Badge> : null}
      {release.deviceTagIds.map((id) => <Badge key={id} variant="light" color="gray" tt="none" className="gw-text">{props.tags.get(id)?.name ?? '…'}</Badge>)}
    </Group>
  );
}

function RolloutSwitch(props: { release: Release; onAsk: () => void }) {
  const { may } = useProject();
  const allowed = may('OPERATE');
  return (
    <Tooltip label={allowed ? (props.release.rollout ? 'Switch off: roll back' : 'Switch on: roll out') : whyNot('OPERATE')}>
      <div>
        <Switch aria-label={`Rollout of ${releaseTitle(props.release)}`} checked={props.release.rollout} disabled={!allowed} onChange={props.onAsk} />
      </div>
    </Tooltip>
  );
}

/** What the release before it, further down, had of this package. */
function versionBefore(list: Release[], index: number, name: string, artifacts: Map<string, Artifact>): string | undefined {
  for (const older of list.slice(index + 1)) {
    const found = older.artifactIds.map((id) => artifacts.get(id)).find((a) => a?.package === name);
    if (found) return found.version;
  }
  return undefined;
}

function usePackageColumns(list: Release[], older: Release | undefined, artifacts: Map<string, Artifact>): Column<Release>[] {
  const { page } = useProject();
  return useMemo(() => {
    const all = older ? [...list, older] : list;
    const names = [...new Set(list.flatMap((r) => r.artifactIds.map((id) => artifacts.get(id)?.package)).filter((n) => n !== undefined))].sort();
    return names.map((name) => ({
      key: `package ${name}`,
      title: <span className="gw-mono">{name}</span>,
      render: (release) => {
        const artifact = release.artifactIds.map((id) => artifacts.get(id)).find((a) => a?.package === name);
        if (!artifact) return <Text span c="dimmed">–</Text>;
        const before = versionBefore(all, list.indexOf(release), name, artifacts);
        return <Anchor component={Link} href={page(`artifacts/${artifact.id}`)}><VersionStep version={artifact.version} before={before} /></Anchor>;
      },
    }));
  }, [list, older, artifacts, page]);
}

export default function Page() {
  const { project, api, page } = useProject();
  const [, navigate] = useLocation();
  const [params, setParams] = useParamsOf({ rollout: '', blueprintId: '', page: '0', perPage: '20' });
  const at = Number(params.page) || 0, perPage = Number(params.perPage) || 20;
  const filter = { rollout: params.rollout, blueprintId: params.blueprintId };
  const releases = useList<Release>('release', project, api('releases'), { ...filter, page: at, perPage });
  const total = releases.data?.total ?? 0;
  // The one behind the last row, for its arrow.
  const older = useList<Release>('release', project, api('releases'), { ...filter, page: (at + 1) * perPage, perPage: 1 }, total > (at + 1) * perPage);
  const artifactList = useArtifacts();
  const artifacts = useById(artifactList.data);
  const blueprintList = useBlueprints().data;
  const blueprints = useById(blueprintList), tags = useById(useTags().data);
  const [asked, setAsked] = useState<Release>();
  const list = releases.data?.list ?? [];
  const columns: Column<Release>[] = [
    {
      key: 'name', title: 'Release',
      render: (r) => (
        <Stack gap={2} miw={110}>
          <Anchor component={Link} href={page(`releases/${r.id}`)} className="gw-text" aria-label={`${releaseTitle(r)}: ${contentText(r, artifacts)}`}>{releaseTitle(r)}</Anchor>
          <Group gap={4}>{r.releaseTags.slice(1).map((tag) => <Badge key={tag} size="xs" variant="outline" tt="none" className="gw-text">{tag}</Badge>)}</Group>
        </Stack>
      ),
    },
    ...usePackageColumns(list, older.data?.list[0], artifacts),
    { key: 'switch', title: 'Rollout', render: (r) => <RolloutSwitch release={r} onAsk={() => setAsked(r)} /> },
    { key: 'progress', title: 'Devices', render: (r) => <RolloutCell release={r} /> },
    { key: 'targets', title: 'For', render: (r) => <Targets release={r} blueprints={blueprints} tags={tags} /> },
    { key: 'sequence', title: 'Number', align: 'right', render: (r) => <span className="gw-mono">{String(r.sequenceNumber)}</span> },
    { key: 'time', title: 'Made', render: (r) => <Text span size="sm" style={{ whiteSpace: 'nowrap' }}><TimeAgo time={r.createdAt} /></Text> },
    {
      key: 'back', title: '',
      render: (r) => (r.rollout ? (
        <GuardedButton right="OPERATE" size="compact-sm" variant="default" leftSection={<IconArrowBackUp size={16} />} onClick={() => setAsked(r)} aria-label={`Roll back ${releaseTitle(r)}`}>Roll back</GuardedButton>
      ) : null),
    },
  ];
  const filtered = params.rollout !== '' || params.blueprintId !== '';
  return (
    <>
      <PageHead title="Releases" help="A release says which devices get which versions. A device gets the one with the highest number that fits it and whose rollout is on.">
        <GuardedButton right="OPERATE" leftSection={<IconRocket size={18} />} onClick={() => navigate(page('releases/new'))}>New release</GuardedButton>
      </PageHead>
      <Group mb="sm">
        <Select aria-label="Rollout" placeholder="Rollout on or off" clearable value={params.rollout || null} onChange={(value) => setParams({ rollout: value ?? '' })}
          data={[{ value: 'true', label: 'Rollout on' }, { value: 'false', label: 'Rollout off' }]} />
        {blueprintList && blueprintList.length > 0 ? (
          <Select aria-label="Blueprint" placeholder="Any blueprint" clearable searchable value={params.blueprintId || null} onChange={(value) => setParams({ blueprintId: value ?? '' })}
            data={blueprintList.map((b) => ({ value: b.id, label: b.name }))} />
        ) : null}
      </Group>
      <DataTable label="Releases" columns={columns} rows={releases.data?.list} rowKey={(r) => r.id} error={releases.data ? null : releases.error}
        href={(r) => page(`releases/${r.id}`)} page={at} perPage={perPage} total={total}
        onPage={(next) => setParams({ page: String(next) })} onPerPage={(next) => setParams({ perPage: String(next) })}
        empty={filtered ? <Text>No release fits these filters.</Text> : (
          <Stack align="center" gap="sm">
            <Text>No release yet. A release gives devices the versions that you choose.</Text>
            {artifactList.data?.length === 0 ? (
              <Button component={Link} href={page('artifacts/new')}>First upload an artifact</Button>
            ) : (
              <GuardedButton right="OPERATE" onClick={() => navigate(page('releases/new'))}>Make the first one</GuardedButton>
            )}
          </Stack>
        )} />
      <RolloutDialog release={asked} onClose={() => setAsked(undefined)} />
    </>
  );
}
