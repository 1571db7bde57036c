// SPDX-License-Identifier: Apache-2.0
// From nothing to a device that swaps its model without missing a word.
import { Skeleton, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { Failure, PageHead } from '../../components/page';
import { DeviceStep } from './device';
import { RollOut, UploadExample } from './model';
import { NextSteps } from './next';
import { Step, type StepState } from './step';
import { Figures, Talk } from './talk';
import { FIRST, SECOND, useTour } from './tour';

export default function Page() {
  const tour = useTour();
  const [heard, setHeard] = useState<Record<string, string>>({});
  const head = (
    <PageHead title="Get started" help="Five minutes from nothing to a device that swaps its model while it listens. No hardware needed." />
  );
  if (tour.error) return <>{head}<Failure error={tour.error} /></>;
  if (tour.loading) return <>{head}<Stack maw={820}>{[1, 2, 3].map((n) => <Skeleton key={n} h={130} />)}</Stack></>;

  const done = {
    device: tour.device !== undefined && tour.device.status === 'online',
    upload: tour.first !== undefined,
    rollOut: tour.runs(tour.first),
    // What was said is gone after a refresh; a second model says it as well.
    talk: Object.keys(heard).length > 0 || tour.second !== undefined,
    swap: tour.second !== undefined && tour.runs(tour.second),
  };
  const order = [done.device, done.upload, done.rollOut, done.talk, done.swap];
  const current = order.indexOf(false);
  const stateOf = (index: number): StepState => (order[index] ? 'done' : index === current ? 'now' : 'later');
  const speech = tour.virtual ? tour.speech : undefined;
  return (
    <>
      {head}
      <Stack maw={820}>
        <Step number={1} title="Add a device" state={stateOf(0)}
          help="A virtual device is a real program beside the server: it listens to recordings of speech, speaks the same protocol, and runs the same runtime as a board.">
          <DeviceStep tour={tour} />
        </Step>
        <Step number={2} title="Upload a model" state={stateOf(1)}
          help="A TensorFlow Lite file with a package name and a version. It is checked before it is kept: what no device could run is refused, with the reason. The example knows two words: yes and no.">
          <UploadExample example={FIRST} artifact={tour.first} own />
        </Step>
        <Step number={3} title="Roll it out" state={stateOf(2)}
          help="A release says which devices get which models. With its rollout on, devices download it, check it and switch to it by themselves.">
          {tour.first ? <RollOut tour={tour} artifact={tour.first} /> : <Text size="sm">First a model, above.</Text>}
        </Step>
        {tour.virtual ? (
          <>
            <Step number={4} title="Talk to it" state={stateOf(3)} help={done.swap ? 'It knows yes, no, stop and go now.' : 'It knows yes and no. Say “stop”: it hears a word, but none that it knows.'}>
              {done.rollOut ? <Talk deviceId={tour.virtual.deviceId} onHeard={(said, label) => setHeard((before) => ({ ...before, [said]: label }))} /> : null}
              {speech && done.rollOut && !done.swap ? <Figures speech={speech} /> : null}
            </Step>
            <Step number={5} title="Teach it two words more" state={stateOf(4)}
              help="Version 1.1.0 knows stop and go too. It is swapped in while the device listens: no restart, no word missed. Then say “stop” again, above.">
              {done.rollOut ? (
                <>
                  <UploadExample example={SECOND} artifact={tour.second} />
                  <RollOut tour={tour} artifact={tour.second} />
                  {speech && done.swap ? (
                    <>
                      <Figures speech={speech} />
                      <Text size="sm">Never restarted, never deaf: these numbers come from the device itself.</Text>
                    </>
                  ) : null}
                </>
              ) : null}
            </Step>
          </>
        ) : null}
        {done.rollOut ? <NextSteps /> : null}
      </Stack>
    </>
  );
}
