// SPDX-License-Identifier: Apache-2.0
// A new release, or (?edit=ID) an existing one that is changed.
import { Alert, Anchor } from '@mantine/core';
import { useState } from 'react';
import { Link, useSearchParams } from 'wouter';
import { useObject } from '../../api/queries';
import { useProject } from '../../api/session';
import type { Release } from '../../api/types';
import { whyNot } from '../../components/guarded';
import { Failure, PageHead } from '../../components/page';
import { useArtifacts } from '../artifacts/data';
import { draftKeyOf, emptyValues, forgetDraft, readDraft } from './draft';
import { ReleaseForm } from './release-form';
import { releaseTitle } from './words';

function NewRelease(props: { artifact: string | null }) {
  const { project, page } = useProject();
  const artifacts = useArtifacts().data;
  const key = draftKeyOf(project, 'new');
  const [initial] = useState(() => ({ ...emptyValues, ...readDraft(key).values, ...(props.artifact ? { artifactIds: [props.artifact] } : {}) }));
  return (
    <>
      {artifacts?.length === 0 ? (
        <Alert color="blue" mb="md" title="There is nothing to release yet">
          <Anchor component={Link} href={page('artifacts/new')}>Upload an artifact</Anchor> first.
        </Alert>
      ) : null}
      <ReleaseForm draftKey={key} initial={initial} artifacts={artifacts} />
    </>
  );
}

function EditRelease(props: { id: string }) {
  const { project, api, page } = useProject();
  const artifacts = useArtifacts().data;
  const answer = useObject<Release>('release', project, api(`releases/${encodeURIComponent(props.id)}`));
  const key = draftKeyOf(project, props.id);
  const [draft, setDraft] = useState(() => readDraft(key));
  // The first state read stays what the form began from, whatever comes live.
  const [start, setStart] = useState<{ release: Release; etag: string | undefined; round: number }>();
  const read = answer.data;
  if (read && !start) setStart({ release: read.data, etag: read.etag, round: 0 });
  if (answer.error && !start) return <Failure error={answer.error} what="This release" />;
  if (!start) return <PageHead title="Release" back={{ href: page('releases'), label: 'Releases' }} />;
  const { artifactIds, blueprintId, deviceTagIds, releaseTags, rollout, policy } = start.release;
  const initial = { policy, ...(draft.values ?? { artifactIds, blueprintId, deviceTagIds, releaseTags, rollout }) };
  const readAgain = async () => {
    forgetDraft(key);
    const newest = await answer.refetch();
    setDraft({});
    if (newest.data) setStart({ release: newest.data.data, etag: newest.data.etag, round: start.round + 1 });
  };
  return (
    <>
      <PageHead title={`Edit ${releaseTitle(start.release)}`} back={{ href: page(`releases/${props.id}`), label: releaseTitle(start.release) }}
        help="Its number stays, and with it its place among the others." />
      <ReleaseForm key={start.round} draftKey={key} initial={initial} artifacts={artifacts} release={start.release} etag={draft.etag ?? start.etag} readAgain={() => void readAgain()} />
    </>
  );
}

export default function Page() {
  const { page, may } = useProject();
  const [search] = useSearchParams();
  const edited = search.get('edit');
  const head = (
    <PageHead title="New release" back={{ href: page('releases'), label: 'Releases' }}
      help="It says which devices get which versions. Devices get it when its rollout is on; switching that off takes it back." />
  );
  if (!may('OPERATE')) return <>{head}<Alert color="yellow">{whyNot('OPERATE')}</Alert></>;
  if (edited) return <EditRelease key={edited} id={edited} />;
  return <>{head}<NewRelease artifact={search.get('artifact')} /></>;
}
