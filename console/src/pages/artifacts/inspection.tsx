// SPDX-License-Identifier: Apache-2.0
// What the server says of a file before it is stored.
import { Alert, Checkbox, Skeleton, Stack, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { ApiError, messageOf, upload } from '../../api/client';
import { useProject } from '../../api/session';
import type { ModelInfo } from '../../api/types';
import { CompatibilityTable } from './compatibility';
import { ModelFacts } from './facts';
import { ModelGraph } from './graph';

export interface Inspection {
  busy: boolean;
  info?: ModelInfo;
  failure?: Error;
}

/** Sends the file to be looked into; nothing is kept there. */
export function useInspection(file: File | null): [Inspection, () => void] {
  const { api } = useProject();
  const [state, setState] = useState<Inspection>({ busy: false });
  const [round, setRound] = useState(0);
  useEffect(() => {
    if (file === null) {
      setState({ busy: false });
      return undefined;
    }
    const controller = new AbortController();
    setState({ busy: true });
    upload<ModelInfo>(api('models/inspect'), file, {}, undefined, controller.signal)
      .then((info) => setState({ busy: false, info }))
      .catch((error: unknown) => {
        if (!controller.signal.aborted) setState({ busy: false, failure: error as Error });
      });
    return () => controller.abort();
  }, [file, api, round]);
  return [state, () => setRound((n) => n + 1)];
}

function NotModel(props: { problem: string; binary: boolean; onBinary: (binary: boolean) => void }) {
  return (
    <Alert color="orange" icon={<IconAlertTriangle />} title="This is no model that devices can run" role="alert">
      <Stack gap="sm">
        <Text size="sm" className="gw-text">
          {props.problem}
        </Text>
        <Checkbox label="Upload it as a binary anyway" description="It is stored and sent to devices unchecked, like firmware or other data."
          checked={props.binary} onChange={(event) => props.onBinary(event.currentTarget.checked)} />
      </Stack>
    </Alert>
  );
}

interface InspectionViewProps {
  file: File;
  state: Inspection;
  binary: boolean;
  onBinary: (binary: boolean) => void;
}

export function InspectionView(props: InspectionViewProps) {
  const { info, failure, busy } = props.state;
  if (busy) {
    return (
      <Stack aria-busy="true" aria-label="looking inside the file">
        <Skeleton h={60} />
        <Skeleton h={120} />
        <Skeleton h={200} />
      </Stack>
    );
  }
  if (failure instanceof ApiError && failure.status === 413) {
    return (
      <Alert color="orange" icon={<IconAlertTriangle />} title="Too large to look inside" role="alert">
        {failure.message}
      </Alert>
    );
  }
  if (failure) {
    return (
      <Alert color="red" icon={<IconAlertTriangle />} title="The file could not be looked into" role="alert">
        {messageOf(failure)}
      </Alert>
    );
  }
  if (!info) return null;
  if (info.isModel === false) {
    return <NotModel problem={info.problem ?? 'It is not a TensorFlow Lite file.'} binary={props.binary} onBinary={props.onBinary} />;
  }
  return (
    <Stack gap="lg">
      {info.problem ? <NotModel problem={info.problem} binary={props.binary} onBinary={props.onBinary} /> : null}
      <ModelFacts info={info} size={props.file.size} />
      <CompatibilityTable rows={info.compatibility} />
      <ModelGraph info={info} />
    </Stack>
  );
}
