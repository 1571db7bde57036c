// SPDX-License-Identifier: Apache-2.0
// What a release asks of the devices that take it: over how long they begin,
// whether the new model first runs beside the old one, when it is confirmed.
import { Input, NumberInput, SegmentedControl, Stack, Switch } from '@mantine/core';
import type { ReleasePolicy, ShadowPolicy } from '../../api/types';
import { SpanInput, spanText } from '../../components/span';

const firstShadow: ShadowPolicy = { windows: 500, seconds: null, agreement: 0.9, latency: null };

function SpreadField(props: { value: number | null; onChange: (value: number | null) => void }) {
  const { value, onChange } = props;
  const kind = value === null ? 'auto' : value === 0 ? 'now' : 'within';
  return (
    <Stack gap="xs">
      <div>
        <Input.Label labelElement="div" id="spread-label">Devices begin to download</Input.Label>
        <Input.Description>Spread out, so that they do not all load in the same second.</Input.Description>
      </div>
      <SegmentedControl fullWidth aria-labelledby="spread-label" value={kind} data={[{ value: 'auto', label: 'By their number' }, { value: 'now', label: 'At once' }, { value: 'within', label: 'Within …' }]}
        onChange={(next) => onChange(next === 'auto' ? null : next === 'now' ? 0 : 600)} />
      {kind === 'within' ? <SpanInput label="Within" value={value ?? 600} onChange={onChange} /> : null}
    </Stack>
  );
}

function ShadowFields(props: { value: ShadowPolicy; onChange: (value: ShadowPolicy) => void }) {
  const { value, onChange } = props;
  const byCount = value.windows !== null;
  const change = (more: Partial<ShadowPolicy>) => onChange({ ...value, ...more });
  const number = (given: string | number, by = 1) => (typeof given === 'number' && given > 0 ? given / by : null);
  return (
    <Stack gap="xs" pl="md">
      <SegmentedControl fullWidth aria-label="Shadow ends after" value={byCount ? 'windows' : 'seconds'} data={[{ value: 'windows', label: 'So many answers' }, { value: 'seconds', label: 'A time' }]}
        onChange={(next) => change(next === 'windows' ? { windows: 500, seconds: null } : { windows: null, seconds: 600 })} />
      {byCount
        ? <NumberInput label="Answers compared" min={1} max={100_000_000} allowDecimal={false} thousandSeparator="," value={value.windows ?? 500} onChange={(given) => change({ windows: number(given) ?? 1 })} />
        : <SpanInput label="For" value={value.seconds ?? 600} onChange={(seconds) => change({ seconds })} />}
      <NumberInput label="Same answer at least in" description="Of what both hear. Empty: not asked for." suffix=" %" min={1} max={100} decimalScale={1} value={value.agreement === null ? '' : Math.round(value.agreement * 1000) / 10}
        onChange={(given) => change({ agreement: number(given, 100) })} />
      <NumberInput label="At most so many times as slow" description="Its mean time by the active model’s. Empty: not asked for." min={0.01} max={1000} decimalScale={2} step={0.1} value={value.latency ?? ''}
        onChange={(given) => change({ latency: number(given) })} />
    </Stack>
  );
}

export function PolicyFields(props: { value: ReleasePolicy; onChange: (value: ReleasePolicy) => void }) {
  const { value, onChange } = props;
  return (
    <Stack gap="md" component="section" aria-label="How devices take it">
      <SpreadField value={value.spreadSeconds} onChange={(spreadSeconds) => onChange({ ...value, spreadSeconds })} />
      <Switch label="Run it beside the active model first" description="A shadow: both hear the same, only the active one is acted on. It takes over when it has done well enough." checked={value.shadow !== null}
        onChange={(event) => onChange({ ...value, shadow: event.currentTarget.checked ? firstShadow : null })} />
      {value.shadow ? <ShadowFields value={value.shadow} onChange={(shadow) => onChange({ ...value, shadow })} /> : null}
      <Switch label="Confirm it after a time in service" description="Until then a crash brings the old model back. Off: as the device is built to." checked={value.confirmSeconds !== null}
        onChange={(event) => onChange({ ...value, confirmSeconds: event.currentTarget.checked ? 3600 : null })} />
      {value.confirmSeconds !== null ? <SpanInput label="Confirmed after" value={value.confirmSeconds} onChange={(confirmSeconds) => onChange({ ...value, confirmSeconds })} /> : null}
    </Stack>
  );
}

function shadowText(shadow: ShadowPolicy): string {
  const length = [shadow.windows === null ? '' : `${shadow.windows.toLocaleString('en')} answers`, shadow.seconds === null ? '' : spanText(shadow.seconds)].filter((text) => text !== '').join(' or ');
  const agreement = shadow.agreement === null ? '' : `, the same in ${Math.round(shadow.agreement * 1000) / 10} %`;
  const latency = shadow.latency === null ? '' : `, at most ${shadow.latency} times as slow`;
  return `${length} beside the active model${agreement}${latency}`;
}

/** Only what the release says itself. */
export function policyLines(policy: ReleasePolicy): { label: string; text: string }[] {
  const lines: { label: string; text: string }[] = [];
  if (policy.spreadSeconds !== null) lines.push({ label: 'Devices begin', text: policy.spreadSeconds === 0 ? 'at once' : `within ${spanText(policy.spreadSeconds)}` });
  if (policy.shadow) lines.push({ label: 'Shadow', text: shadowText(policy.shadow) });
  if (policy.confirmSeconds !== null) lines.push({ label: 'Confirmed', text: `after ${spanText(policy.confirmSeconds)} in service` });
  return lines;
}
