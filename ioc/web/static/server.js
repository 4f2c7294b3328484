// Requests to the centre: pieces of pages, and acts with the proof that this page is ours.

import { parse, say } from './dom.js';

/** A request that failed; `sentence` tells the person what it means, `offline` that nobody answered. */
export class Failure extends Error {
  constructor(sentence, { offline = false, status = 0 } = {}) {
    super(sentence);
    this.sentence = sentence;
    this.offline = offline;
    this.status = status;
  }
}

async function request(address, options) {
  let answer;
  try {
    answer = await fetch(address, { credentials: 'same-origin', cache: 'no-store', ...options });
  } catch (error) {
    throw new Failure(say('failed'), { offline: true });
  }
  if (answer.status === 401) {
    location.assign('/dang-nhap');
    throw new Failure(say('signed_out'), { status: 401 });
  }
  if (!answer.ok) throw new Failure(await sentenceOf(answer), { status: answer.status });
  return answer;
}

async function sentenceOf(answer) {
  try {
    const { error } = await answer.json();
    return error[document.body.dataset.language];
  } catch (error) {
    return say('failed');
  }
}

/** A piece of a page, parsed. */
export async function piece(address) {
  const answer = await request(address, { headers: { accept: 'text/html' } });
  return parse(await answer.text());
}

/** Whether this session is given the file at an address; its first byte is asked for. */
export async function answers(address) {
  try {
    const options = { credentials: 'same-origin', cache: 'no-store', headers: { range: 'bytes=0-0' } };
    return (await fetch(address, options)).ok;
  } catch (error) {
    return false;
  }
}

/** A JSON answer. */
export async function read(address) {
  return (await request(address, { headers: { accept: 'application/json' } })).json();
}

/** Change something; resolves with the JSON answer, or nothing where there is none. */
export async function act(address, body = {}) {
  const answer = await request(address, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-csrf-token': document.body.dataset.csrf },
    body: JSON.stringify(body),
  });
  return answer.status === 204 ? null : answer.json();
}

/** Send a file as it is; resolves with the JSON answer, or nothing where there is none. */
export async function upload(address, file) {
  const answer = await request(address, {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream', 'x-csrf-token': document.body.dataset.csrf },
    body: file,
  });
  return answer.status === 204 ? null : answer.json();
}
