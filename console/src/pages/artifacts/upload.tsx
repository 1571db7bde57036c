// SPDX-License-Identifier: Apache-2.0
// A new artifact: choose a file, see what is inside, name it, store it.
import { Alert, Grid } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useProject } from '../../api/session';
import { whyNot } from '../../components/guarded';
import { PageHead } from '../../components/page';
import { bytesText } from '../../components/values';
import { DropAnywhere, DropZone, forgetFile, peekFile } from './drop';
import { InspectionView, useInspection } from './inspection';
import { UploadForm } from './upload-form';
import { ARTIFACT_MAX_BYTES } from './versions';

function fileProblem(file: File): string | undefined {
  if (file.size === 0) return `“${file.name}” is empty.`;
  if (file.size <= ARTIFACT_MAX_BYTES) return undefined;
  return `“${file.name}” has ${bytesText(file.size)}; an artifact has at most ${bytesText(ARTIFACT_MAX_BYTES)}. Nothing was sent.`;
}

export default function Page() {
  const { page, may } = useProject();
  const [first] = useState(peekFile);
  const [problem, setProblem] = useState(first ? fileProblem(first) : undefined);
  const [file, setFile] = useState(problem === undefined ? first : null);
  const [binary, setBinary] = useState(false);
  const [sending, setSending] = useState(false);
  const [inspection, inspectAgain] = useInspection(file);
  useEffect(forgetFile, []);
  const take = (next: File) => {
    const found = fileProblem(next);
    setProblem(found);
    setBinary(false);
    setFile(found === undefined ? next : null);
  };
  const allowed = may('OPERATE');
  const { info } = inspection;
  const isNoModel = info !== undefined && (info.isModel === false || !!info.problem);
  return (
    <>
      <PageHead title="New artifact" back={{ href: page('artifacts'), label: 'Artifacts' }}
        help="An artifact is one version of a model (or of firmware). Storing it changes nothing on devices; a release does." />
      <DropAnywhere onFile={take} enabled={!sending && allowed} />
      {allowed ? null : <Alert color="yellow" mb="md">{whyNot('OPERATE')}</Alert>}
      {file === null && allowed ? <DropZone onFile={take} problem={problem} /> : null}
      {file !== null && allowed ? (
        <Grid gap="lg">
          <Grid.Col span={{ base: 12, md: 4 }}>
            <UploadForm file={file} binary={binary} busy={inspection.busy} blocked={isNoModel && !binary} onAnother={() => setFile(null)} onSending={setSending}
              onInspect={inspection.failure ? inspectAgain : undefined} />
          </Grid.Col>
          <Grid.Col span={{ base: 12, md: 8 }}>
            <InspectionView file={file} state={inspection} binary={binary} onBinary={setBinary} />
          </Grid.Col>
        </Grid>
      ) : null}
    </>
  );
}
