// SPDX-License-Identifier: Apache-2.0
// What a release holds: one version of each package.
import { ActionIcon, Group, Input, Select, Stack } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { Artifact, Blueprint } from '../../api/types';
import { artifactName } from '../artifacts/data';
import { newestFirst, packagesOf } from '../artifacts/versions';

export const ARTIFACTS_MAX = 8;

interface ArtifactPickerProps {
  artifacts: Artifact[];
  blueprints: Map<string, Blueprint>;
  value: string[];
  onChange: (ids: string[]) => void;
  error?: ReactNode;
}

export function ArtifactPicker(props: ArtifactPickerProps) {
  const { artifacts, value, onChange } = props;
  const chosen = value.map((id) => artifacts.find((a) => a.id === id)).filter((a) => a !== undefined);
  const left = packagesOf(artifacts).filter((name) => !chosen.some((a) => a.package === name));
  const optionsOf = (name: string) => artifacts.filter((a) => a.package === name).sort(newestFirst).map((a) => ({
    value: a.id,
    label: a.blueprintId === '' ? a.version : `${a.version} (${props.blueprints.get(a.blueprintId)?.name ?? '…'})`,
  }));
  const add = (name: string) => {
    const newest = artifacts.filter((a) => a.package === name).sort(newestFirst)[0];
    if (newest) onChange([...value, newest.id]);
  };
  return (
    <Input.Wrapper label="Artifacts" description="One version of each package" required error={props.error} labelElement="div">
      <Stack gap="xs" mt="xs">
        {chosen.map((artifact) => (
          <Group key={artifact.package} wrap="nowrap" align="flex-end" gap="xs">
            <Select flex={1} size="sm" label={artifact.package} aria-label={`Version of ${artifact.package}`} data={optionsOf(artifact.package)} value={artifact.id} searchable allowDeselect={false}
              onChange={(id) => id && onChange(value.map((old) => (old === artifact.id ? id : old)))} />
            <ActionIcon variant="subtle" color="gray" size="lg" aria-label={`Take ${artifactName(artifact)} out`} onClick={() => onChange(value.filter((id) => id !== artifact.id))}>
              <IconX size={18} />
            </ActionIcon>
          </Group>
        ))}
        {left.length > 0 && chosen.length < ARTIFACTS_MAX ? (
          <Select aria-label="Add a package" placeholder={chosen.length === 0 ? 'Choose a package' : 'Add another package'} data={left} value={null} onChange={(name) => name && add(name)} searchable={left.length > 8} />
        ) : null}
      </Stack>
    </Input.Wrapper>
  );
}
