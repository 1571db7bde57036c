// SPDX-License-Identifier: Apache-2.0
// Forms over what others may change too, and forms that outlive a refresh.
import { useForm, type UseFormReturnType } from '@mantine/form';
import type { UseQueryResult } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { ApiError, type Answer } from '../../api/client';
import { showFormError } from '../../components/forms';

type Validate<V> = { [K in keyof V]?: (value: V[K], values: V) => string | null };

/** A form that follows the object while nothing is typed. What is typed keeps
 * the ETag it began from, so that the second of two editors is told. */
export function useEditForm<T, V extends Record<string, any>>(query: UseQueryResult<Answer<T>>, empty: V, toValues: (data: T) => V, validate: Validate<V> = {}) {
  const form = useForm<V>({ initialValues: empty, validate: validate as never });
  const etag = useRef<string | undefined>(undefined);
  const loaded = useRef(false);
  const load = (answer: Answer<T>) => {
    const values = toValues(answer.data);
    form.setInitialValues(values);
    form.setValues(values);
    form.resetDirty(values);
    form.clearErrors();
    etag.current = answer.etag;
    loaded.current = true;
  };
  useEffect(() => {
    if (query.data !== undefined && (!loaded.current || !form.isDirty())) load(query.data);
  }, [query.data]);
  return {
    form,
    etag: () => etag.current,
    readAgain: () => void query.refetch().then((result) => result.data && load(result.data)),
    /** After a save: what is read next is what the form shows. */
    saved: () => form.resetDirty(),
  };
}

/** As showFormError; an error that names no field (a name that is taken, say)
 * goes beside `field`. */
export function showErrorAt(form: UseFormReturnType<any>, error: unknown, field: string, readAgain?: () => void): void {
  const unnamed = error instanceof ApiError && error.field === undefined && [400, 409, 413].includes(error.status);
  if (unnamed) form.setFieldError(field, error.message);
  else showFormError(form, error, readAgain);
}

/** Keeps what is typed through a refresh of the page, until `forget`. */
export function useDraft<V extends Record<string, any>>(form: UseFormReturnType<V>, key: string): { forget: () => void } {
  const name = `godwit.draft.${key}`;
  const ready = useRef(false);
  useEffect(() => {
    const text = sessionStorage.getItem(name);
    if (text !== null) {
      try {
        form.setValues(JSON.parse(text) as V);
      } catch {
        sessionStorage.removeItem(name);
      }
    }
    ready.current = true;
  }, [name]);
  const values = JSON.stringify(form.getValues());
  const first = useRef(values);
  useEffect(() => {
    if (ready.current && values !== first.current) sessionStorage.setItem(name, values);
  }, [name, values]);
  return {
    forget: () => {
      sessionStorage.removeItem(name);
      first.current = values;
    },
  };
}
