/**
 * Media types: their one name, and what the name of a file says. No DOM, no network.
 *
 * Browsers and systems spell one type in several ways, or send none. The tables are those of the functions, in
 * `functions/token/vendored/media_types.py`, so that the page judges a file as the token function will.
 */

/** @type {Record<string, [extensions: string, spellings: string]>} the one name: extensions of such files; other spellings */
export const TYPES = {
  'image/png': ['png', 'image/x-png image/x-citrix-png'],
  'image/jpeg': ['jpg jpeg jpe jfif pjpeg pjp', 'image/jpg image/pjpeg image/x-citrix-jpeg'],
  'image/gif': ['gif', ''],
  'image/webp': ['webp', ''],
  'image/avif': ['avif', ''],
  'image/bmp': ['bmp', 'image/x-bmp image/x-ms-bmp'],
  'image/heic': ['heic', 'image/heic-sequence'],
  'image/heif': ['heif', 'image/heif-sequence'],
  'image/tiff': ['tif tiff', 'image/tif image/x-tiff'],
  'image/svg+xml': ['svg svgz', 'image/svg'],
  'image/vnd.microsoft.icon': ['ico', 'image/x-icon image/x-ico image/ico image/icon'],
  'image/vnd.adobe.photoshop': [
    'psd',
    'image/x-photoshop image/photoshop image/psd application/x-photoshop application/photoshop',
  ],
  'audio/mpeg': [
    'mp3',
    'audio/mp3 audio/x-mp3 audio/x-mpeg audio/mpeg3 audio/x-mpeg-3 audio/mpg audio/x-mpg',
  ],
  'audio/mp4': ['m4a', 'audio/m4a audio/x-m4a audio/mp4a-latm'],
  'audio/ogg': ['ogg oga opus', 'audio/x-ogg'],
  'audio/wav': ['wav', 'audio/x-wav audio/wave audio/x-wave audio/vnd.wave audio/x-pn-wav'],
  'audio/webm': ['weba', ''],
  'audio/flac': ['flac', 'audio/x-flac'],
  'audio/aac': ['aac', 'audio/x-aac audio/aacp audio/vnd.dlna.adts'],
  'audio/amr': ['amr', 'audio/x-amr'],
  'audio/x-ms-wma': ['wma', 'audio/wma'],
  'video/mp4': ['mp4 m4v', 'video/m4v video/x-m4v'],
  'video/ogg': ['ogv', 'video/x-ogg'],
  'video/webm': ['webm', ''],
  'video/quicktime': ['mov', 'video/x-quicktime'],
  'video/mpeg': ['mpg mpeg', 'video/mpg video/x-mpg video/x-mpeg'],
  'video/x-msvideo': ['avi', 'video/avi video/x-avi video/msvideo'],
  'video/matroska': ['mkv', 'video/x-matroska video/mkv'],
  'video/x-ms-wmv': ['wmv', 'video/wmv'],
  'video/3gpp': ['3gp 3gpp', 'video/3gp'],
  'text/plain': ['txt text log', 'text/x-log'],
  'text/csv': ['csv', 'text/x-csv text/comma-separated-values text/x-comma-separated-values application/csv'],
  'text/tab-separated-values': ['tsv', 'text/tsv text/x-tsv'],
  'text/markdown': ['md markdown', 'text/x-markdown'],
  'application/json': ['json', 'text/json application/x-json'],
  'application/pdf': ['pdf', 'application/x-pdf application/acrobat text/pdf'],
  'application/rtf': ['rtf', 'text/rtf application/x-rtf'],
  'application/msword': [
    'doc',
    'application/x-msword application/vnd.ms-word application/doc application/wps-office.doc',
  ],
  'application/vnd.ms-excel': [
    'xls',
    'application/msexcel application/x-msexcel application/x-excel application/wps-office.xls',
  ],
  'application/vnd.ms-powerpoint': [
    'ppt',
    'application/mspowerpoint application/x-mspowerpoint application/wps-office.ppt',
  ],
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': [
    'docx',
    'application/wps-office.docx application/vnd.ms-word.document.12 application/haansoftdocx',
  ],
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': [
    'xlsx',
    'application/wps-office.xlsx application/vnd.ms-excel.12 application/haansoftxlsx',
  ],
  'application/vnd.openxmlformats-officedocument.presentationml.presentation': [
    'pptx',
    'application/wps-office.pptx application/vnd.ms-powerpoint.presentation.12 application/haansoftpptx',
  ],
  'application/vnd.openxmlformats-officedocument.presentationml.slideshow': ['ppsx', ''],
  'application/vnd.ms-word.document.macroenabled.12': ['docm', ''],
  'application/vnd.ms-excel.sheet.macroenabled.12': ['xlsm', ''],
  'application/vnd.ms-excel.sheet.binary.macroenabled.12': ['xlsb', ''],
  'application/vnd.ms-powerpoint.presentation.macroenabled.12': ['pptm', ''],
  'application/vnd.visio': ['vsd', 'application/x-visio application/visio'],
  'application/vnd.ms-visio.drawing': ['vsdx', 'application/vnd.ms-visio.viewer'],
  'application/vnd.oasis.opendocument.text': ['odt', 'application/x-vnd.oasis.opendocument.text'],
  'application/vnd.oasis.opendocument.spreadsheet': [
    'ods',
    'application/x-vnd.oasis.opendocument.spreadsheet',
  ],
  'application/vnd.oasis.opendocument.presentation': [
    'odp',
    'application/x-vnd.oasis.opendocument.presentation',
  ],
  'application/vnd.ms-outlook': ['msg', ''],
  'application/zip': [
    'zip',
    'application/x-zip-compressed application/x-zip application/x-compressed-zip multipart/x-zip',
  ],
  'application/gzip': [
    'gz tgz',
    'application/x-gzip application/x-gzip-compressed application/x-compressed-tar application/x-tgz',
  ],
  'application/x-bzip2': ['bz2', 'application/bzip2 application/x-bzip application/x-bz2'],
  'application/x-xz': ['xz', 'application/xz'],
  'application/x-7z-compressed': [
    '7z',
    'application/7z application/x-7z application/x-7zip application/x-7zip-compressed',
  ],
  'application/vnd.rar': ['rar', 'application/rar application/x-rar application/x-rar-compressed'],
  'application/x-tar': ['tar', 'application/tar application/x-gtar'],
  'application/octet-stream': [
    '',
    'application/wps-office.wps application/wps-office.et application/wps-office.dps',
  ],
  'text/html': ['html htm shtml shtm', ''],
  'application/xhtml+xml': ['xhtml xht', ''],
  'text/xml': ['xml xsl xslt', 'application/xml application/x-xml application/xslt+xml'],
  'text/javascript': ['js mjs', 'text/x-javascript application/javascript application/x-javascript'],
  'text/css': ['css', ''],
  'multipart/related': ['mht mhtml', 'application/x-mimearchive'],
};

/** @type {Record<string, string>} types that systems give to several kinds of file; the extensions that tell which */
export const AMBIGUOUS = {
  'application/x-compressed': 'zip gz tgz bz2 xz 7z rar tar',
  'application/zip': 'docx xlsx pptx odt ods odp',
  'application/msword': 'rtf docx docm',
  'application/vnd.ms-excel': 'csv tsv xlsx xlsm xlsb',
  'application/vnd.ms-powerpoint': 'pptx ppsx pptm',
  'application/vnd.ms-office': 'doc docx xls xlsx ppt pptx vsd',
  'application/vnd.visio': 'vsdx',
  'application/kswps': 'doc docx rtf',
  'application/kset': 'xls xlsx csv',
  'application/ksdps': 'ppt pptx',
  'application/ogg': 'ogg oga opus ogv',
  'video/ogg': 'ogg oga opus',
  'image/heif': 'heic',
};

const UNKNOWN = 'application/octet-stream';
const ENTRIES = Object.entries(TYPES);
const ONE_NAMES = new Map(
  ENTRIES.flatMap(([one, [, others]]) => [one, ...words(others)].map((spelling) => [spelling, one])),
);

/**
 * @param {string} given  what the browser says: in any letters, perhaps with parameters, perhaps nothing
 * @param {string} name  of the file
 * @returns {string} the one name of the file's type
 */
export function typeOfFile(given, name) {
  const bare = given.replace(/;.*/s, '').trim().toLowerCase();
  const said = ONE_NAMES.get(bare) ?? bare;
  const extension = name.includes('.') ? name.slice(name.lastIndexOf('.') + 1).toLowerCase() : '';
  const isAmbiguous = Object.hasOwn(AMBIGUOUS, said);
  if (said && !(isAmbiguous && words(AMBIGUOUS[said]).includes(extension)))
    return isAmbiguous && !Object.hasOwn(TYPES, said) ? UNKNOWN : said;
  return ENTRIES.find(([, [extensions]]) => words(extensions).includes(extension))?.[0] ?? UNKNOWN;
}

/**
 * @param {string[]} types  their one names
 * @returns {string[]} such as `.zip`: a system may not know these types, and its chooser would hide such files
 */
export function extensionsOf(types) {
  return types.flatMap((type) => words(TYPES[type]?.[0]).map((extension) => `.${extension}`));
}

/** @param {string | undefined} list  with a space between its words @returns {string[]} */
function words(list) {
  return list ? list.split(' ') : [];
}
