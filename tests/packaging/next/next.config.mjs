/** A static export below /next. ROOT: a folder that has both this project and the packages that the test links to. */
export default { output: 'export', basePath: '/next', turbopack: { root: process.env.ROOT } };
