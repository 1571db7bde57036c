// SPDX-License-Identifier: Apache-2.0
import { Anchor, Badge, Group, Select, Stack, Text } from '@mantine/core';
import { IconUpload } from '@tabler/icons-react';
import { useMemo } from 'react';
import { Link, useLocation } from 'wouter';
import { useAll } from '../../api/queries';
import { useProject } from '../../api/session';
import type { Artifact, Release } from '../../api/types';
import { GuardedButton } from '../../components/guarded';
import { PageHead } from '../../components/page';
import { useParamsOf } from '../../components/params';
import { DataTable, type Column } from '../../components/table';
import { bytesText, TimeAgo } from '../../components/values';
import { accuracyOf, percentText, useArtifacts, useBlueprints, useById } from './data';
import { DropAnywhere, leaveFile } from './drop';
import { newestFirst, packagesOf } from './versions';

const PER_PAGE = 50;

export function LabelList(props: { labels: string[] | undefined }) {
  const labels = props.labels ?? [];
  if (labels.length === 0) return <Text span size="sm" c="dimmed">–</Text>;
  return (
    <Text span size="sm" className="gw-text">
      {labels.slice(0, 6).join(', ')}
      {labels.length > 6 ? ` and ${labels.length - 6} more` : ''}
    </Text>
  );
}

function UsedIn(props: { releases: Release[] }) {
  const { page } = useProject();
  if (props.releases.length === 0) return <Text span size="sm" c="dimmed">no release</Text>;
  const shown = props.releases.slice(0, 3);
  return (
    <Group gap={4}>
      {shown.map((release) => (
        <Badge key={release.id} component={Link} href={page(`releases/${release.id}`)} variant={release.rollout ? 'light' : 'outline'} tt="none" className="gw-text" style={{ cursor: 'pointer' }}>
          {release.releaseTags[0] ?? `#${release.sequenceNumber}`}
        </Badge>
      ))}
      {props.releases.length > shown.length ? <Text size="xs">+{props.releases.length - shown.length}</Text> : null}
    </Group>
  );
}

function useColumns(): Column<Artifact>[] {
  const { project, api, page } = useProject();
  const releases = useAll<Release>('release', project, api('releases'));
  const blueprints = useById(useBlueprints().data);
  return [
    { key: 'package', title: 'Package', render: (a) => <span className="gw-text">{a.package}</span> },
    {
      key: 'version', title: 'Version',
      render: (a) => <Anchor component={Link} href={page(`artifacts/${a.id}`)} className="gw-mono">{a.version}</Anchor>,
    },
    { key: 'kind', title: 'Kind', render: (a) => (a.binaryInfo.type === 'tflite' ? 'model' : 'binary') },
    { key: 'size', title: 'Size', align: 'right', render: (a) => bytesText(Number(a.size)) },
    { key: 'labels', title: 'Labels', render: (a) => <LabelList labels={a.model?.labels} /> },
    { key: 'accuracy', title: 'Accuracy', align: 'right', render: (a) => percentText(accuracyOf(a)) },
    {
      key: 'blueprint', title: 'Blueprint',
      render: (a) => <span className="gw-text">{a.blueprintId === '' ? 'all' : (blueprints.get(a.blueprintId)?.name ?? '…')}</span>,
    },
    { key: 'releases', title: 'Used in', render: (a) => <UsedIn releases={(releases.data ?? []).filter((r) => r.artifactIds.includes(a.id))} /> },
    { key: 'created', title: 'Stored', render: (a) => <TimeAgo time={a.createdAt} /> },
  ];
}

export default function Page() {
  const { page, may } = useProject();
  const [, navigate] = useLocation();
  const [params, setParams] = useParamsOf({ package: '', page: '0' });
  const artifacts = useArtifacts();
  const columns = useColumns();
  const rows = useMemo(
    () => artifacts.data
      ?.filter((a) => params.package === '' || a.package === params.package)
      .sort((a, b) => a.package.localeCompare(b.package) || newestFirst(a, b)),
    [artifacts.data, params.package],
  );
  const at = Number(params.page) || 0;
  const upload = (file?: File) => {
    if (file) leaveFile(file);
    navigate(page('artifacts/new'));
  };
  const packages = packagesOf(artifacts.data);
  return (
    <>
      <PageHead title="Artifacts" help="Versions of models and other files that devices can be given. Drag a .tflite file onto this page to look inside it.">
        <GuardedButton right="OPERATE" leftSection={<IconUpload size={18} />} onClick={() => upload()}>Upload an artifact</GuardedButton>
      </PageHead>
      <DropAnywhere onFile={upload} enabled={may('OPERATE')} />
      <Group mb="sm">
        <Select aria-label="Package" placeholder="All packages" clearable data={packages} value={params.package || null}
          onChange={(name) => setParams({ package: name ?? '' })} />
      </Group>
      <DataTable label="Artifacts" columns={columns} rows={rows?.slice(at * PER_PAGE, (at + 1) * PER_PAGE)} rowKey={(a) => a.id}
        error={artifacts.data ? null : artifacts.error} href={(a) => page(`artifacts/${a.id}`)}
        page={at} perPage={PER_PAGE} total={rows?.length ?? 0} onPage={(next) => setParams({ page: String(next) })}
        empty={
          <Stack align="center" gap="sm">
            <Text>{params.package === '' ? 'No artifact yet. Upload a model to see what is inside, and to release it to devices.' : 'No artifact of this package.'}</Text>
            {params.package === '' ? <GuardedButton right="OPERATE" onClick={() => upload()}>Upload the first one</GuardedButton> : null}
          </Stack>
        } />
    </>
  );
}
