/**
 * Every word that people read, in two languages. The type of `english` is the list: what is missing in Chinese
 * does not pass the type checker (for `codes`, a test).
 */

import uppyChinese from '@uppy/locales/lib/zh_CN.js';

/** @typedef {'en' | 'zh'} Language */
/** @typedef {typeof english} Texts */
/** @typedef {import('./settings.js').Limits} Limits */

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'];

/** @param {number} bytes @returns {string} in steps of 1024, such as `4.8 MB` */
export function sizeInWords(bytes) {
  const step = Math.min(UNITS.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** step;
  return `${Number(value.toFixed(value < 100 ? 1 : 0))} ${UNITS[step]}`;
}

/** Two sizes side by side: exact ones when rounding would make them look alike. @param {number[]} sizes */
function sizesInWords(...sizes) {
  const words = sizes.map(sizeInWords);
  return new Set(words).size === sizes.length ? words : sizes.map((size) => `${size.toLocaleString('en')} B`);
}

/** Types that have an everyday name. @type {Record<string, [en: string, zh: string]>} */
const TYPE_NAMES = {
  '*/*': ['any type', '任意类型'],
  'image/*': ['images', '图片'],
  'video/*': ['videos', '视频'],
  'audio/*': ['audio', '音频'],
  'text/*': ['text files', '文本'],
  'font/*': ['fonts', '字体'],
  'text/plain': ['plain text', '纯文本'],
  'text/csv': ['CSV', 'CSV'],
  'text/markdown': ['Markdown', 'Markdown'],
  'application/pdf': ['PDF', 'PDF'],
  'application/zip': ['ZIP', 'ZIP'],
  'application/gzip': ['GZIP', 'GZIP'],
  'application/json': ['JSON', 'JSON'],
  'application/xml': ['XML', 'XML'],
  'application/msword': ['Word', 'Word'],
  'application/vnd.ms-excel': ['Excel', 'Excel'],
  'application/vnd.ms-powerpoint': ['PowerPoint', 'PowerPoint'],
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': ['Word', 'Word'],
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': ['Excel', 'Excel'],
  'application/vnd.openxmlformats-officedocument.presentationml.presentation': ['PowerPoint', 'PowerPoint'],
  'application/octet-stream': ['files of no known type', '未知类型的文件'],
};

/** @param {string[]} types @param {0 | 1} column */
const typeNames = (types, column) => {
  const names = new Set(types.map((type) => TYPE_NAMES[type]?.[column] ?? type));
  const unknown = TYPE_NAMES['application/octet-stream']?.[column] ?? '';
  return names.delete(unknown) ? [...names, unknown] : [...names]; // it goes last
};

/** @param {string} type  which is this one where neither the browser nor the name says more */
const isKnown = (type) => type !== '' && type !== 'application/octet-stream';

/** @param {string[]} words @returns {string} `a, b and c` */
const list = (words) => new Intl.ListFormat('en-GB').format(words);

const english = {
  title: 'Direct upload',
  heading: 'Upload files',
  lead: 'Files go straight from your browser to Alibaba Cloud OSS. When one arrives, you see your server’s reply.',
  choose: 'Choose files',
  language: 'Language',
  note: 'Files can be pasted, too, and dropped anywhere on this page.',
  loading: 'Checking what can be uploaded…',
  limits: (/** @type {Limits} */ { maxBytes, types, slowestBytesPerSecond: slowest }) =>
    `Up to ${sizeInWords(maxBytes)} each: ${list(typeNames(types, 0))}.` +
    (slowest ? ` The largest need a connection that sends at least ${sizeInWords(slowest)} a second.` : ''),
  tryAgain: 'Try again',
  askAgain: 'Ask again',
  cancel: 'Cancel',
  remove: 'Dismiss',
  clear: 'Clear the list',
  copy: 'Copy',
  copied: 'Copied',
  copyAnswer: 'Copy reply',
  uploads: 'Uploads',
  tally: (/** @type {number} */ done, /** @type {number} */ all) => `${done} of ${all} done`,
  answer: 'Your server’s reply',
  facts: { key: 'Key', size: 'Size', etag: 'ETag', type: 'Type' },
  requestId: 'Request ID',
  aboutFile: (/** @type {string} */ action, /** @type {string} */ name) => `${action}: ${name}`,
  trouble: {
    config: 'This page does not know where to upload: its config.json is missing or broken.',
    limits: 'The upload service cannot be reached, so nothing can be uploaded right now.',
  },
  signIn: {
    heading: 'Sign in',
    lead: 'Only people who have signed in may upload here. Paste the access token that your sign-in gave you.',
    token: 'Access token',
    go: 'Continue',
    out: 'Sign out',
    privacy:
      'It stays in this page, goes to the upload service only, and is forgotten when you close or reload the page.',
    expired: 'Your sign-in has expired. Paste a new token, and your uploads will continue.',
    done: 'You are signed in.',
    anotherUser: 'This token is somebody else’s. Sign out before they sign in.',
  },
  states: {
    waiting: 'Waiting for its turn',
    signing: 'Getting permission to upload…',
    signingAgain: 'That did not get through. Trying again…',
    offline: 'Waiting for the network',
    signIn: 'Waiting for you to sign in again',
    sending: (/** @type {string} */ loaded, /** @type {string} */ total) => `${loaded} of ${total}`,
    speed: (/** @type {string} */ size) => `${size}/s`,
    timeLeft: (/** @type {number} */ seconds) =>
      seconds < 60
        ? `${seconds} s left`
        : seconds < 3600
          ? `${Math.round(seconds / 60)} min left`
          : `${(seconds / 3600).toFixed(1)} h left`,
    answering: 'Sent. Waiting for the reply…',
    confirming: 'Sent. Confirming that it arrived…',
    done: 'Done',
    failed: 'Failed',
    aborted: 'Cancelled',
    refused: 'Not sent',
    notConfirmed: 'Stored, not confirmed',
    notKnown: 'Sent, not confirmed',
  },
  refused: {
    duplicate: 'A file with this name, size and date is among the chosen ones already.',
    unconfirmed:
      'This file may have arrived already. Ask again in its row, or dismiss that row to upload the file anew.',
    too_large: (/** @type {number} */ size, /** @type {Limits} */ { maxBytes }) => {
      const [has, limit] = sizesInWords(size, maxBytes);
      return `The file is too large: it is ${has}; the limit is ${limit}.`;
    },
    type_not_allowed: (/** @type {string} */ type, /** @type {Limits} */ { types }) =>
      `${isKnown(type) ? `Files of type ${type}` : 'Files of no known type'} are not accepted here. ` +
      `Accepted: ${list(typeNames(types, 0))}.`,
  },
  codes: /** @type {Record<string, string>} */ ({
    aborted: 'You cancelled this upload.',
    network: 'The connection failed, several times. Check your network, then try again.',
    not_confirmed:
      'The file was sent, but your server has not confirmed it yet. Ask again in a moment; ' +
      'the file is sent again only if it is missing.',
    not_stored: 'The file was sent several times but did not arrive. Try again later.',
    too_slow:
      'The upload took longer than it was permitted to. Choose the file again on a faster connection, or a smaller file.',
    grant_expired: 'The permission to upload kept running out before the file was sent. Try again.',
    bad_answer: 'The upload service gave an unexpected reply. Try again later.',
    unexpected: 'Something in this page went wrong. Reload it and try again.',
    unreadable: 'The file has changed or is gone since you chose it. Choose it again.',
    not_local: 'The file is not on this device, so it cannot be uploaded from here.',
    missing_parameter: 'This page and the upload service are different versions. Reload the page.',
    unknown_parameter: 'This page and the upload service are different versions. Reload the page.',
    name_invalid: "The file's name holds characters that are not allowed. Rename it and try again.",
    name_too_long: "The file's name is too long. Shorten it and try again.",
    size_invalid: "The file's size was not understood.",
    too_large: 'The file is larger than the upload service allows.',
    type_invalid: "The file's type was not understood.",
    type_not_allowed: 'Files of this type are not accepted.',
    token_missing: 'You are not signed in.',
    token_expired: 'Your sign-in has ended. Sign in again.',
    token_invalid: 'The upload service does not accept your sign-in.',
    foreign_origin: "The upload service does not accept uploads from this page's address.",
    not_found: 'There is no upload service at the address this page was given.',
    method_not_allowed: 'This page and the upload service are different versions. Reload the page.',
    misconfigured: 'The upload service is not set up correctly. Its operator finds the reason in the log.',
    internal: 'Something went wrong in the upload service. Try again later.',
    unavailable: 'The upload service is busy or cannot reach the storage. Try again in a moment.',
    bucket_versioned:
      'This bucket has had versioning, which uploads here do not support. The operator needs to use another bucket.',
    AccessDenied:
      'OSS refused the upload: it does not match what was permitted, or the permission has ended.',
    SignatureDoesNotMatch:
      'OSS refused the upload: its signature is wrong. The operator should check the AccessKey and the region.',
    InvalidAccessKeyId: 'OSS refused the upload: it does not know the key that signed it.',
    InvalidSecurityToken: 'OSS refused the upload: the temporary key that signed it is not valid.',
    InvalidPolicyDocument: "OSS did not understand the upload's permission.",
    InvalidArgument: "OSS did not understand one of the upload's fields.",
    MalformedPOSTRequest:
      'The form did not arrive at OSS as it should. Something on the way may have changed it.',
    EntityTooLarge: 'OSS refused the file: it is larger than announced.',
    EntityTooSmall: 'OSS refused the file: it is smaller than announced. Was it changed in the meantime?',
    NoSuchBucket: 'The storage that this upload is meant for does not exist.',
  }),
  differs: 'What is stored is not what was to be uploaded, so it was not accepted.',
  refusedWith: (/** @type {number} */ status) => `The upload was refused (${status}).`,
  brokenWith: (/** @type {number} */ status) =>
    `The upload service is out of order at the moment (${status}). Try again later.`,
  announce: (/** @type {string} */ name, /** @type {string} */ what, /** @type {string} */ why) =>
    `${name}: ${what}${why && `. ${why}`}`,
  announceMany: (/** @type {number} */ done, /** @type {number} */ bad, /** @type {number} */ others) =>
    [done && `${done} done`, bad && `${bad} failed or not sent`, others && `${others} in other states`]
      .filter(Boolean)
      .join(', '),
};

/** @type {Texts} */
const chinese = {
  title: '文件直传',
  heading: '上传文件',
  lead: '文件从浏览器直传阿里云 OSS，完成后在此显示服务器返回的结果。',
  choose: '选择文件',
  language: '语言',
  note: '也可以粘贴文件，或将文件拖放到页面任意位置。',
  loading: '正在查询上传限制…',
  limits: ({ maxBytes, types, slowestBytesPerSecond: slowest }) =>
    `单个文件不超过 ${sizeInWords(maxBytes)}，可上传：${typeNames(types, 1).join('、')}。` +
    (slowest ? `上传最大的文件需要至少 ${sizeInWords(slowest)}/s 的上行速度。` : ''),
  tryAgain: '重试',
  askAgain: '再次确认',
  cancel: '取消',
  remove: '从列表移除',
  clear: '清空列表',
  copy: '复制',
  copied: '已复制',
  copyAnswer: '复制响应',
  uploads: '上传列表',
  tally: (done, all) => `已完成 ${done} / ${all}`,
  answer: '回调响应',
  facts: { key: '对象名称', size: '大小', etag: 'ETag', type: '类型' },
  requestId: '请求 ID',
  aboutFile: (action, name) => `${action}：${name}`,
  trouble: {
    config: '页面缺少上传配置：config.json 不存在或内容有误。',
    limits: '无法连接上传服务，暂时不能上传文件。',
  },
  signIn: {
    heading: '登录',
    lead: '登录后才能上传。请粘贴登录时获得的访问令牌。',
    token: '访问令牌',
    go: '继续',
    out: '退出登录',
    privacy: '令牌只保留在此页面中，只会发送给上传服务；关闭或刷新页面后即被清除。',
    expired: '登录已过期。请粘贴新的令牌，上传会自动继续。',
    done: '登录成功。',
    anotherUser: '这是另一位用户的令牌。请先退出登录，再用该令牌登录。',
  },
  states: {
    waiting: '排队等待中',
    signing: '正在获取上传授权…',
    signingAgain: '连接异常，正在重试…',
    offline: '等待网络恢复',
    signIn: '等待您重新登录',
    sending: (loaded, total) => `${loaded} / ${total}`,
    speed: (size) => `${size}/s`,
    timeLeft: (seconds) =>
      seconds < 60
        ? `剩余 ${seconds} 秒`
        : seconds < 3600
          ? `剩余 ${Math.round(seconds / 60)} 分钟`
          : `剩余 ${(seconds / 3600).toFixed(1)} 小时`,
    answering: '已发送，等待响应…',
    confirming: '已发送，正在确认是否到达…',
    done: '已完成',
    failed: '上传失败',
    aborted: '已取消',
    refused: '未发送',
    notConfirmed: '已存储，尚未确认',
    notKnown: '已发送，尚未确认',
  },
  refused: {
    duplicate: '同名、同大小且修改时间相同的文件已在所选文件中。',
    unconfirmed: '该文件可能已经上传。请在列表中再次确认；如需重新上传，请先将其从列表移除。',
    too_large: (size, { maxBytes }) => {
      const [has, limit] = sizesInWords(size, maxBytes);
      return `文件过大：文件为 ${has}，上限为 ${limit}。`;
    },
    type_not_allowed: (type, { types }) =>
      `不接受${isKnown(type) ? ` ${type} 类型` : '未知类型'}的文件。可上传：${typeNames(types, 1).join('、')}。`,
  },
  codes: {
    aborted: '您取消了这次上传。',
    network: '网络连接多次失败。请检查网络后重试。',
    not_confirmed: '文件已经发出，但服务器尚未确认。请稍后再次确认；只有在确定没有存储时才会重新发送。',
    not_stored: '文件发送了多次仍未到达，请稍后重试。',
    too_slow: '上传超时。请换用更快的网络后重新选择文件，或选择更小的文件。',
    grant_expired: '上传授权多次在发送之前就已过期，请重试。',
    bad_answer: '上传服务返回了无法识别的响应，请稍后重试。',
    unexpected: '页面出现了问题，请刷新后重试。',
    unreadable: '选择之后，文件被修改、移动或删除了。请重新选择。',
    not_local: '该文件不在此设备上，无法从此处上传。',
    missing_parameter: '上传服务与此页面版本不符，请刷新页面。',
    unknown_parameter: '上传服务与此页面版本不符，请刷新页面。',
    name_invalid: '文件名含有不允许的字符，请重命名后再试。',
    name_too_long: '文件名太长，请缩短后再试。',
    size_invalid: '无法识别文件大小。',
    too_large: '文件超过了上传服务允许的大小。',
    type_invalid: '无法识别文件类型。',
    type_not_allowed: '不接受这种类型的文件。',
    token_missing: '您尚未登录。',
    token_expired: '登录已过期，请重新登录。',
    token_invalid: '上传服务不接受您的登录凭证。',
    foreign_origin: '上传服务不接受来自此页面地址的上传。',
    not_found: '此页面配置的地址上没有上传服务。',
    method_not_allowed: '上传服务与此页面版本不符，请刷新页面。',
    misconfigured: '上传服务的配置有误，管理员可在日志中查看原因。',
    internal: '上传服务内部出错，请稍后重试。',
    unavailable: '上传服务繁忙或无法访问存储，请稍后重试。',
    bucket_versioned: 'Bucket 开启过版本控制，不支持上传，请管理员更换 Bucket。',
    AccessDenied: 'OSS 拒绝了上传：内容与授权不符，或授权已过期。',
    SignatureDoesNotMatch: 'OSS 拒绝了上传：签名不正确。请管理员检查 AccessKey 和地域。',
    InvalidAccessKeyId: 'OSS 拒绝了上传：签名所用的 AccessKey 不存在。',
    InvalidSecurityToken: 'OSS 拒绝了上传：签名所用的临时凭证无效。',
    InvalidPolicyDocument: 'OSS 无法识别这次上传的授权。',
    InvalidArgument: 'OSS 无法识别上传表单中的某个字段。',
    MalformedPOSTRequest: '表单没有完整地到达 OSS，可能在途中被改动。',
    EntityTooLarge: 'OSS 拒绝了文件：实际大小超过上传前声明的大小。',
    EntityTooSmall: 'OSS 拒绝了文件：实际大小小于上传前声明的大小。文件是否被改动过？',
    NoSuchBucket: '上传的目标 Bucket 不存在。',
  },
  differs: '已存储的内容与要上传的不一致，因此未被接受。',
  refusedWith: (status) => `上传被拒绝（${status}）。`,
  brokenWith: (status) => `上传服务暂时不可用（${status}），请稍后重试。`,
  announce: (name, what, why) => `${name}：${what}${why && `。${why}`}`,
  announceMany: (done, bad, others) =>
    [done && `${done} 个已完成`, bad && `${bad} 个失败或未发送`, others && `${others} 个处于其他状态`]
      .filter(Boolean)
      .join('，'),
};

/** @type {Record<Language, Texts>} */
export const TEXTS = { en: english, zh: chinese };

/** Uppy's own words, where ours say it better. */
export const UPPY_LOCALES = {
  en: {
    strings: {
      browseFiles: 'choose files',
      browseFolders: 'choose a folder',
      dropPasteBoth: 'Drop files here, %{browseFiles} or %{browseFolders}',
      dropHint: 'Let go to add the files',
      uploadingXFiles: { 0: 'Uploading…', 1: 'Uploading…' },
      uploadComplete: 'Nothing left to send',
      complete: 'Nothing left to send',
      done: 'Upload more',
      removeFile: 'Remove %{file}',
    },
    pluralize: (/** @type {number} */ n) => (n === 1 ? 0 : 1),
  },
  zh: {
    ...uppyChinese,
    strings: {
      ...uppyChinese.strings,
      browseFiles: '选择文件',
      browseFolders: '选择文件夹',
      dropPasteBoth: '将文件拖放到此处，或%{browseFiles}、%{browseFolders}',
      dropHint: '松开鼠标即可添加文件',
      addMore: '继续添加',
      addMoreFiles: '继续添加文件',
      addingMoreFiles: '继续添加文件',
      uploadingXFiles: '正在上传…',
      filesUploadedOfTotal: '已上传 %{complete} / %{smart_count} 个文件',
      uploadXNewFiles: '上传新增的 %{smart_count} 个文件',
      xMoreFilesAdded: '新增 %{smart_count} 个文件',
      uploadComplete: '没有待上传的文件',
      complete: '没有待上传的文件',
      done: '继续上传',
      removeFile: '移除 %{file}',
    },
  },
};

/**
 * The language to begin with.
 *
 * @param {string | null} remembered
 * @param {readonly string[]} preferred
 * @returns {Language}
 */
export function firstLanguage(remembered, preferred) {
  if (remembered === 'en' || remembered === 'zh') return remembered;
  const known = preferred
    .map((tag) => tag.toLowerCase().split('-')[0])
    .find((tag) => tag === 'en' || tag === 'zh');
  return known === 'zh' ? 'zh' : 'en';
}

/**
 * One sentence for an error code.
 *
 * @param {Texts} texts
 * @param {string} code
 * @param {number} status
 * @returns {string}
 */
export function sentenceFor(texts, code, status) {
  const own = Object.hasOwn(texts.codes, code) ? texts.codes[code] : undefined;
  if (own) return own;
  if (/^(object_differs|size_differs|etag_differs|object_encoded|storage_class_differs)$/.test(code))
    return texts.differs;
  return status >= 500 || status < 400 ? texts.brokenWith(status) : texts.refusedWith(status);
}
