// SPDX-License-Identifier: Apache-2.0
// Why a device says that an update failed, more closely than its reason, and what
// somebody can do about it.
const details: Record<string, { text: string; advice: string }> = {
  SIGNATURE_MISSING: { text: 'it takes signed models only', advice: 'Sign the artifact with your key.' },
  SIGNATURE_WRONG: { text: 'the signature is not of these bytes', advice: 'Sign the artifact again.' },
  KEY_UNKNOWN: { text: 'it does not hold the key that signed', advice: 'Sign with a key that it holds, or give it the new key first.' },
  TOO_OLD: { text: 'it is older than the device may go back to', advice: 'Sign it with a higher sequence number, if it is meant.' },
  DIGEST_WRONG: { text: 'the bytes were damaged on the way or on its medium', advice: 'It tries again by itself; again and again, look at its storage.' },
  TOO_LARGE: { text: 'it is larger than the device’s slot', advice: 'Make a smaller model, or release to other hardware.' },
  MODEL_INVALID: { text: 'its runtime cannot read the model', advice: 'Look at the artifact’s page: is it a whole TensorFlow Lite model?' },
  OP_UNSUPPORTED: { text: 'its runtime lacks an operator', advice: 'Use a model without it, or give the device newer firmware.' },
  ARENA_TOO_SMALL: { text: 'its tensor arena is too small', advice: 'Make a smaller model, or firmware with a larger arena.' },
  INTERFACE_WRONG: { text: 'inputs, outputs or labels are not what its application expects', advice: 'Compare the model with the one it runs.' },
  TEST_OUTPUT: { text: 'its self-test gave other outputs than expected', advice: 'Run the self-test on your machine: was it packed with this model?' },
  TEST_TIME: { text: 'its self-test took too long', advice: 'Make a faster model, or allow more time.' },
  SHADOW: { text: 'beside the active model it did not do well enough', advice: 'Compare the two on the release’s page before it is tried again.' },
  CRASHED: { text: 'the device crashed while it was tried', advice: 'Look at its log before others get it.' },
  DELTA_WRONG: { text: 'the shorter form could not be decoded', advice: 'It takes the whole the next time.' },
  REVERTED: { text: 'its application gave the model back', advice: 'Ask whoever wrote the application what made it do so.' },
  TEST_MISSING: { text: 'it takes models with a self-test only', advice: 'Pack the model with one.' },
};

/** In words; an unknown one as it came; '' for none. */
export function detailText(detail: string | undefined): string {
  if (!detail) return '';
  return details[detail]?.text ?? detail.toLowerCase().replaceAll('_', ' ');
}
/** What to do about it; '' when nobody knows. */
export function detailAdvice(detail: string | undefined): string {
  return (detail && details[detail]?.advice) || '';
}
/** "the update failed on the device: its self-test took too long" */
export function withDetail(reason: string, detail: string | undefined): string {
  const text = detailText(detail);
  return text === '' ? reason : `${reason}: ${text}`;
}
