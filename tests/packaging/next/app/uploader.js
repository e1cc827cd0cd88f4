'use client';
import { createElement, useState } from 'react';
import { uploadFile } from 'oss-direct-upload';
import { remember } from 'oss-direct-upload/resume';

export function Uploader() {
  const [stored, setStored] = useState('');
  const onChange = async ({ target }) => {
    const tokenUrl = new URLSearchParams(location.search).get('token');
    const { size, etag } = await uploadFile(target.files[0], { tokenUrl, memory: remember() });
    setStored(`${size} ${etag}`);
  };
  return [
    createElement('input', { key: 'input', type: 'file', onChange }),
    createElement('output', { key: 'output' }, stored),
  ];
}
