// SPDX-License-Identifier: Apache-2.0
import { Alert, Group, SegmentedControl, Stack, Text } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { pnmToImage } from './pnm';

type Zoom = 'fit' | '1' | '4' | '8';
interface Size {
  width: number;
  height: number;
}

/** In memory, since the server sends every capture as a download. */
function useObjectUrl(blob: Blob): string {
  const [url, setUrl] = useState('');
  useEffect(() => {
    const made = URL.createObjectURL(blob);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [blob]);
  return url;
}

function sizeOf(zoom: Zoom, size: Size | null): { width?: number | string; maxWidth?: string } {
  if (zoom === 'fit' || size === null) return { maxWidth: '100%' };
  return { width: size.width * Number(zoom) };
}

function Pnm(props: { blob: Blob; zoom: Zoom; size: Size | null; onSize: (size: Size) => void; onFail: () => void }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    let gone = false;
    void props.blob.arrayBuffer().then((bytes) => {
      if (gone || canvas.current === null) return;
      try {
        const image = pnmToImage(bytes);
        canvas.current.width = image.width;
        canvas.current.height = image.height;
        canvas.current.getContext('2d')?.putImageData(image, 0, 0);
        props.onSize({ width: image.width, height: image.height });
      } catch {
        props.onFail();
      }
    });
    return () => {
      gone = true;
    };
  }, [props.blob]);
  return <canvas ref={canvas} role="img" aria-label="The picture that the device sent" style={{ imageRendering: 'pixelated', ...sizeOf(props.zoom, props.size) }} />;
}

/** Small pictures are what models see: each pixel can be looked at. */
export function PictureView(props: { blob: Blob; type: string }) {
  const url = useObjectUrl(props.blob);
  const [zoom, setZoom] = useState<Zoom>('fit');
  const [size, setSize] = useState<Size | null>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    setFailed(false);
    setSize(null);
  }, [props.blob]);
  const isPnm = props.type === 'image/x-portable-anymap';
  if (failed) return <Alert color="yellow" role="alert">Your browser cannot show this picture; download it instead.</Alert>;
  return (
    <Stack gap="xs">
      <Group>
        <SegmentedControl size="xs" aria-label="Zoom" value={zoom} onChange={(value) => setZoom(value as Zoom)}
          data={[{ value: 'fit', label: 'Fit' }, { value: '1', label: '1:1' }, { value: '4', label: '4×' }, { value: '8', label: '8×' }]} />
        {size ? <Text size="sm" c="dimmed">{size.width} × {size.height} pixels</Text> : null}
      </Group>
      <div style={{ overflow: 'auto', maxHeight: 480 }} tabIndex={0} role="region" aria-label="Picture">
        {isPnm ? (
          <Pnm blob={props.blob} zoom={zoom} size={size} onSize={setSize} onFail={() => setFailed(true)} />
        ) : url ? (
          <img src={url} alt="What the device sent" style={{ imageRendering: zoom === 'fit' ? 'auto' : 'pixelated', ...sizeOf(zoom, size) }}
            onLoad={(event) => setSize({ width: event.currentTarget.naturalWidth, height: event.currentTarget.naturalHeight })} onError={() => setFailed(true)} />
        ) : null}
      </div>
    </Stack>
  );
}
