// SPDX-License-Identifier: Apache-2.0
// Waveform, spectrogram, playback. Loaded only where audio is shown.
import { Alert, Button, Group, Stack, Text, useComputedColorScheme } from '@mantine/core';
import { IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react';
import { useEffect, useRef, useState, type RefObject } from 'react';
import WaveSurfer from 'wavesurfer.js';
import Spectrogram from 'wavesurfer.js/dist/plugins/spectrogram.esm.js';
import { cspNonce } from '../../csp';

const WAVE_HEIGHT = 110;
const SPECTROGRAM_HEIGHT = 160;
const FFT = 512;
/** What devices record speech at; a file of another rate is resampled to it. */
const SAMPLE_RATE = 16_000;

export interface Player {
  toggle: () => void;
}

interface PlayerState {
  ready: boolean;
  playing: boolean;
  time: number;
  duration: number;
  failure: string;
}
const before: PlayerState = { ready: false, playing: false, time: 0, duration: 0, failure: '' };

function coloursOf(dark: boolean) {
  return {
    waveColor: dark ? '#66d9e8' : '#0b7285',
    progressColor: dark ? '#c5f6fa' : '#083344',
    cursorColor: dark ? '#ffd43b' : '#e03131',
  };
}

function useWave(container: RefObject<HTMLDivElement | null>, blob: Blob, dark: boolean): [PlayerState, RefObject<WaveSurfer | null>] {
  const wave = useRef<WaveSurfer | null>(null);
  const [state, setState] = useState(before);
  useEffect(() => {
    const change = (part: Partial<PlayerState>) => setState((old) => ({ ...old, ...part }));
    setState(before);
    const made = WaveSurfer.create({
      container: container.current!,
      height: WAVE_HEIGHT,
      ...coloursOf(dark),
      sampleRate: SAMPLE_RATE,
      normalize: true,
      cspNonce: cspNonce(),
      plugins: [Spectrogram.create({ height: SPECTROGRAM_HEIGHT, fftSamples: FFT, labels: true, scale: 'mel', frequencyMax: SAMPLE_RATE / 2, labelsBackground: 'rgba(0,0,0,0.45)', labelsColor: '#fff', labelsHzColor: '#fff' })],
    });
    made.on('ready', (duration) => change({ ready: true, duration }));
    made.on('play', () => change({ playing: true }));
    made.on('pause', () => change({ playing: false }));
    made.on('finish', () => change({ playing: false }));
    made.on('timeupdate', (time) => change({ time }));
    made.on('error', () => change({ failure: 'Your browser cannot play this recording; download it instead.' }));
    made.loadBlob(blob).catch(() => undefined); // told by 'error', or taken down meanwhile
    wave.current = made;
    return () => {
      wave.current = null;
      made.destroy();
    };
  }, [blob, container]);
  // Other colours are no reason to stop playing.
  useEffect(() => wave.current?.setOptions(coloursOf(dark)), [dark]);
  return [state, wave];
}

export default function AudioView(props: { blob: Blob; player: RefObject<Player | null>; autoPlay: boolean }) {
  const container = useRef<HTMLDivElement>(null);
  const dark = useComputedColorScheme('light') === 'dark';
  const [state, wave] = useWave(container, props.blob, dark);
  const toggle = () => void wave.current?.playPause().catch(() => undefined);
  useEffect(() => {
    props.player.current = { toggle };
    return () => {
      props.player.current = null;
    };
  });
  useEffect(() => {
    // A browser may refuse sound before the first click: then it waits.
    if (state.ready && props.autoPlay) void wave.current?.play().catch(() => undefined);
  }, [state.ready]);
  return (
    <Stack gap="xs">
      {state.failure ? <Alert color="yellow" role="alert">{state.failure}</Alert> : null}
      <div ref={container} style={{ minHeight: WAVE_HEIGHT + SPECTROGRAM_HEIGHT, overflow: 'hidden' }} role="img" aria-label="Waveform and spectrogram" data-ready={state.ready} />
      <Group>
        <Button variant="light" onClick={toggle} disabled={!state.ready} leftSection={state.playing ? <IconPlayerPause size={16} /> : <IconPlayerPlay size={16} />}>
          {state.playing ? 'Pause' : 'Play'}
        </Button>
        <Text size="sm" c="dimmed" className="gw-mono">
          {state.time.toFixed(2)} / {state.duration.toFixed(2)} s
        </Text>
      </Group>
    </Stack>
  );
}
