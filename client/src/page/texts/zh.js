/**
 * The page's texts in Chinese.
 */
import uppyChinese from '@uppy/locales/lib/zh_CN.js';
import { distinctSizes, isKnownType, listOfNames, sizeInWords } from './formatting.js';

/** @type {typeof import('./en.js').typeNames} */
const typeNames = {
  '*/*': '任意类型',
  'image/*': '图片',
  'video/*': '视频',
  'audio/*': '音频',
  'text/*': '文本',
  'font/*': '字体',
  'text/plain': '纯文本',
  'text/csv': 'CSV',
  'text/tab-separated-values': 'TSV',
  'text/markdown': 'Markdown',
  'text/html': 'HTML',
  'text/xml': 'XML',
  'application/json': 'JSON',
  'application/pdf': 'PDF',
  'application/rtf': 'RTF',
  'application/zip': 'ZIP',
  'application/gzip': 'GZIP',
  'application/x-bzip2': 'BZIP2',
  'application/x-xz': 'XZ',
  'application/x-7z-compressed': '7z',
  'application/vnd.rar': 'RAR',
  'application/x-tar': 'TAR',
  'application/msword': 'Word',
  'application/vnd.ms-excel': 'Excel',
  'application/vnd.ms-powerpoint': 'PowerPoint',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'Word',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'Excel',
  'application/vnd.openxmlformats-officedocument.presentationml.presentation': 'PowerPoint',
  'application/vnd.openxmlformats-officedocument.presentationml.slideshow': 'PowerPoint',
  'application/vnd.ms-word.document.macroenabled.12': 'Word',
  'application/vnd.ms-excel.sheet.macroenabled.12': 'Excel',
  'application/vnd.ms-excel.sheet.binary.macroenabled.12': 'Excel',
  'application/vnd.ms-powerpoint.presentation.macroenabled.12': 'PowerPoint',
  'application/vnd.visio': 'Visio',
  'application/vnd.ms-visio.drawing': 'Visio',
  'application/vnd.oasis.opendocument.text': 'OpenDocument',
  'application/vnd.oasis.opendocument.spreadsheet': 'OpenDocument',
  'application/vnd.oasis.opendocument.presentation': 'OpenDocument',
  'application/vnd.ms-outlook': 'Outlook 邮件',
  'application/octet-stream': '未知类型的文件',
};

/** @param {string[]} types */
const listOfTypes = (types) => listOfNames(types, typeNames).join('、');

/** @type {typeof import('./en.js').texts} */
export const texts = {
  title: '文件直传',
  heading: '上传文件',
  lead: '文件从浏览器直传阿里云 OSS，完成后在此显示服务器返回的结果。',
  choose: '选择文件',
  language: '语言',
  note: '也可以粘贴文件，或将文件拖放到页面任意位置。',
  loading: '正在查询上传限制…',
  limits: ({ maxBytes, types, slowestBytesPerSecond: slowest }) =>
    `单个文件不超过 ${sizeInWords(maxBytes)}，可上传：${listOfTypes(types)}。` +
    (slowest ? `接近上限的文件，上行速度需不低于 ${sizeInWords(slowest)}/s。` : ''),
  tryAgain: '重试',
  askAgain: '查询上传结果',
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
    config: '页面缺少上传配置：config.json 不存在、内容有误或无法访问。',
    limits: '无法连接上传服务，暂时不能上传文件。',
    page: '页面打开时出错。请重试；如仍有问题，请使用更新的浏览器。',
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
    paused: '已暂停',
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
    unconfirmed: '该文件可能已经上传。请在列表中查询上传结果；如需重新上传，请先将其从列表移除。',
    too_large: (size, { maxBytes }) => {
      const [has, limit] = distinctSizes(size, maxBytes);
      return `文件过大：文件为 ${has}，上限为 ${limit}。`;
    },
    type_not_allowed: (type, { types }) =>
      `不接受${isKnownType(type) ? ` ${type} 类型` : '未知类型'}的文件。可上传：${listOfTypes(types)}。`,
  },
  codes: {
    aborted: '您取消了这次上传。',
    network: '网络连接多次失败。请检查网络后重试。',
    not_confirmed: '文件已经发出，但服务器尚未确认。请稍后查询上传结果；只有在确定没有存储时才会重新发送。',
    not_stored: '文件发送了多次仍未到达，请稍后重试。',
    too_slow: '上传超时。请换用更快的网络后重新选择文件，或选择更小的文件。',
    grant_expired: '上传授权多次在发送之前就已过期，请重试。',
    bad_answer: '上传服务返回了无法识别的响应，请稍后重试。',
    unexpected: '页面出现了问题，请刷新后重试。',
    corrupted: '已存储的内容与文件不一致。请重新选择。',
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
  changed: '发送过程中，文件被修改、移动或删除，已存储的内容可能新旧混杂。请重新选择。',
  differs: '已存储的内容与要上传的不一致，因此未被接受。',
  refusedWith: (status) => `上传被拒绝（${status}）。`,
  brokenWith: (status) => `上传服务暂时不可用（${status}），请稍后重试。`,
  announce: (name, what, why) => `${name}：${what}${why && `。${why}`}`,
  announceMany: (done, bad, others) =>
    [done && `${done} 个已完成`, bad && `${bad} 个失败或未发送`, others && `${others} 个处于其他状态`]
      .filter(Boolean)
      .join('，'),
};

/** Uppy's own texts, where ours are clearer. */
export const uppyLocale = {
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
    uploadComplete: '已全部发送',
    complete: '已全部发送',
    done: '上传其他文件',
    removeFile: '移除 %{file}',
  },
};
