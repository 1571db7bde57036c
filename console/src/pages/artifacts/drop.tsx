// SPDX-License-Identifier: Apache-2.0
// Files come by drag and drop anywhere on a page, or by a button.
import { Button, Center, FileButton, Overlay, Paper, Stack, Text } from '@mantine/core';
import { IconUpload } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';

/** A file dropped on the list waits here until the upload page has opened. */
let waiting: File | undefined;
export function leaveFile(file: File): void {
  waiting = file;
}
export function peekFile(): File | null {
  return waiting ?? null;
}
export function forgetFile(): void {
  waiting = undefined;
}

function hasFiles(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes('Files') ?? false;
}

/** While it is shown, a file dropped anywhere in the window is taken. */
export function DropAnywhere(props: { onFile: (file: File) => void; enabled?: boolean }) {
  const [over, setOver] = useState(false);
  const take = useRef(props.onFile);
  take.current = props.onFile;
  const enabled = props.enabled ?? true;
  useEffect(() => {
    if (!enabled) return undefined;
    let depth = 0; // enter and leave come for each element on the way
    const enter = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      depth++;
      setOver(true);
    };
    const leave = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      depth = Math.max(0, depth - 1);
      if (depth === 0) setOver(false);
    };
    const hover = (event: DragEvent) => {
      if (hasFiles(event)) event.preventDefault();
    };
    const drop = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      depth = 0;
      setOver(false);
      const file = event.dataTransfer?.files[0];
      if (file) take.current(file);
    };
    window.addEventListener('dragenter', enter);
    window.addEventListener('dragleave', leave);
    window.addEventListener('dragover', hover);
    window.addEventListener('drop', drop);
    return () => {
      window.removeEventListener('dragenter', enter);
      window.removeEventListener('dragleave', leave);
      window.removeEventListener('dragover', hover);
      window.removeEventListener('drop', drop);
    };
  }, [enabled]);
  if (!over) return null;
  return (
    <Overlay fixed zIndex={1000} backgroundOpacity={0.7} data-testid="drop">
      <Center h="100%">
        <Text size="xl" fw={700} c="white">
          Drop the file to look inside
        </Text>
      </Center>
    </Overlay>
  );
}

export function DropZone(props: { onFile: (file: File) => void; problem?: string | undefined }) {
  return (
    <Paper withBorder p="xl" radius="md" data-testid="dropzone">
      <Stack align="center" gap="sm" py="xl">
        <IconUpload size={40} stroke={1.5} aria-hidden />
        <Text fw={600} ta="center">
          Drag a .tflite file here
        </Text>
        <FileButton onChange={(file) => file && props.onFile(file)}>
          {(button) => <Button {...button}>Choose a file</Button>}
        </FileButton>
        <Text size="sm" c="dimmed" ta="center">
          You see what is inside before anything is stored. At most 64 MiB.
        </Text>
        {props.problem ? (
          <Text size="sm" c="red" role="alert" ta="center">
            {props.problem}
          </Text>
        ) : null}
      </Stack>
    </Paper>
  );
}
