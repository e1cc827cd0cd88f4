"""The Chinese words of the benchmarks."""

from collections.abc import Mapping, Sequence

INTRODUCTION = """# 性能测试

由 `make bench` 在一台机器上一次测得，原始数据在 `bench/results.json` 中。请比较比值，而不是时间：不同机器的时间不同。`make bench-check` 重新测量，比值变差超过[各自的限度](#全部比值)时报错；`PARTS="cold warm"` 只测量这几部分。
"""
COLD = """
## 冷启动

从解释器启动到响应第一个事件，每次都在新进程中，在同一个核上轮流进行：进程的 CPU 时间，单位为毫秒。函数是 `make package` 的代码包解压后的内容；对照方案响应同样的事件，中间没有服务器。至少 {fewest} 次的中位数；比值是各轮比值的中位数。

"""
UNDER_A_SHARE = """
### 只有一部分处理器时

与小规格实例相同：进程在每 0.1 秒的其余时间里被暂停。{rounds} 次的中位数，单位为毫秒（实际经过的时间）。

"""
WARM = """
## 热调用

从事件字节到响应字典，在已经响应过的进程中，按 CPU 时间计；HEAD 在进程内响应。下限是把同样的 HMAC、base64、RSA 和 JSON 写成一个不含任何检查的函数。各项每次测几毫秒，轮流进行。

"""
SIGNING = """
## 仅签名

在热进程中用临时访问凭证签名一个 Policy 或一个预签名地址。本项目的 Policy 限定十二个表单域。

"""
LOOP = """
## 在本机上的完整上传

授权、表单、回调和 HEAD；四个进程和客户端共用 {cores}。单位为每次上传的毫秒数。

"""
HUGE = """
一个 2 GiB 的文件，由 curl 以表单发送；{rounds} 次的中位数，轮流进行。本机的模拟 OSS 像 OSS 一样计算 MD5 和 CRC-64 两次哈希，并写入磁盘，速度取决于磁盘：

"""
PARTS = """
每次只上传一个文件时，时间花在哪里，单位为毫秒：

"""
MEMORY = """
### 内存

每种大小的文件各上传一个之后，各工作进程同一时刻的最大内存，单位为 MiB：

"""
LARGE = """
## 大文件

在 Chromium 中把一个文件传到同一个模拟 OSS 的速度，单位为 MiB/秒；除表单外都按 8 MiB 分片：本机 64 MiB，其余 32 MiB。upload.js 要申请授权、计算并比较所传内容的校验值，并等到 callback 函数响应才算结束；对照方案不做这些。ali-oss 事先就有凭证；@uppy/aws-s3 由模拟 OSS 旁边的服务器签名，它逐个发送分片。

线路是一个代理，对每个连接分别延迟和限速；新连接先等待两次往返，即 TCP 和 TLS 的握手。它无法丢弃内核 TCP 的报文：在“1 % 丢包”时，它像 TCP Reno 那样转发：每百个报文段丢一个，窗口减半，其后的内容推迟一次往返。每一轮都用新连接，各轮丢的报文不同，同一轮里各方案丢的相同。慢速线路上各方案同时测量，其余轮流进行。

"""
RECOVERY = """
192 MiB 传到 90 % 时切断所有连接；此后每个连接只有 25 Mbit/s。从切断到上传结束：分片 {parts:.1f} 秒，表单 {form:.1f} 秒（从头开始）。

网页为此需要的脚本，合成一个文件，压缩并 gzip 后的字节数：

"""
GROWTH = """
## 增长

输入或函数要查找的内容变多时，一次调用的微秒数。指数按后一半计算：0 表示不变，1 表示线性。

"""
PAGE = """
## 网页

在 Chromium 中，没有缓存，在本机上：请求数，以及可以选择文件之前的毫秒数。本项目的网页要先请求自己的配置和 token 函数的限制；其他方案写在网页中，不请求任何内容。

"""
LIBRARY = """
用于你自己的网页：{files}（字节，gzip）。本项目网页的脚本按模块列出，每个模块单独压缩并 gzip：

"""
LONG_LINE = """
### 延迟高的线路

在 Chromium 中，没有缓存，往返 150 毫秒：到网站、token 函数或 OSS 的每个新连接都先多用两次往返，与 TCP 和 TLS 相同。单位为毫秒；选择文件之后过一段时间才点击上传。

"""
LONG_LINE_HEAD: Sequence[str] = ("", "毫秒")
ENGINES = """
### 许多小文件和一个大文件

从点击到全部完成，与一个简单脚本对比：它为每个文件申请授权并发送表单，同时三个。轮流进行，先后每轮交换；比值是各轮比值的中位数。单位为毫秒。

网页在发送文件的同时读取文件，计算校验值。在本机上，浏览器、OSS 和函数共用处理器，所以读取会有影响；经过网络时，即使是 1 Gbit/s，也几乎没有影响。

"""
ENGINES_HEAD: Sequence[str] = ("", "本项目的网页", "简单脚本", "比值")
PEERS = """
### 其他上传工具上传许多小文件

在本机上 50 个 4 KB 的文件，每个文件的毫秒数。都不显示网页。plupload 逐个发送，其他同时三个；ali-oss 在浏览器中签名，不需要授权。

"""
COST = """
## 函数计算的费用

由上面的时间和中国内地的目录价算出：每个 CU {cny} 元；每 vCPU 秒 1 CU，每 GiB 秒 {gib} CU，每 10,000 次调用 75 CU；按毫秒计费；有调用的小时，每个函数至少 {least} 元。

时间取自这台机器，除以 `template.yml` 分配的处理器份额：token 为 {token.vcpu} vCPU 和 {token.gib} GiB，callback 为 {callback.vcpu} 和 {callback.gib}。HEAD 取本机模拟 OSS 的时间，并当作全部在计算。流量和存储由 OSS 计费，由谁签名都一样。

"""
SERVER = """
换成一直运行的服务器（与阿里云教程的模板启动的相同）：1 vCPU、1 GiB 的经济型实例每小时 {hour:.4f} 元，不含磁盘、公网地址和第二台机器，即每月 {hour:.4f} × {hours} = {month:.2f} 元。同样的费用，函数计算可以处理 {uploads:.0f} 百万次上传。如果每月的每个小时都有少量调用，两个函数至少 2 × {least} × {hours} = {least_month:.2f} 元；没有调用的小时不收费。
"""
RATIOS = """
## 全部比值

`make bench-check` 比较的比值；越小越好。依次为同一轮中各对测量值之比的中位数、四分位数，以及 `make bench-check` 允许变差的幅度。看起来变差的会再测一次。

"""
TRIAL = """
### 检查本身可信吗？

`make bench-trial` 回答这个问题。在同一个提交上，旁边有一个空转的循环，对 {parts} 的检查 {runs} 次中通过 {passed} 次。让 token 和 callback 轮流慢 25 %，对 {slower_parts} 的检查 {slower_runs} 次中报错 {failed} 次。日期：{date}。
"""

# ---- The heads of the tables, without the first column where it has none
COLD_HEAD: Sequence[str] = ("", "毫秒", "对比")
WARM_HEAD: Sequence[str] = ("", "微秒", "每秒每核次数", "下限", "下限的倍数")
SIGNING_HEAD: Sequence[str] = ("", "微秒")
LOOP_HEAD: Sequence[str] = ("文件", "并发数", "每秒上传次数", "p50", "p99")
HUGE_HEAD: Sequence[str] = ("", "MiB/秒")
FILE = "文件"
LINE = "线路"
GROWTH_HEAD: Sequence[str] = ("增长的内容", "从, 到", "最初", "最后", "指数")
SPAN = "{first} 到 {last}"
PAGE_HEAD: Sequence[str] = ("", "脚本和样式的字节数，gzip", "请求数", "可用之前的毫秒数")
AND = "、"
MODULE_HEAD: Sequence[str] = ("模块", "字节")
COST_HEAD: Sequence[str] = ("", "token", "callback", "每次上传的 CU", "每百万次上传的费用（元）")
WARM_CALLS, COLD_CALLS = "两个函数都已预热", "每次调用都是冷启动"
RATIO_HEAD: Sequence[str] = ("", "比值", "四分位数", "允许变差")
MACHINE: Mapping[str, str] = {"date": "日期", "processor": "处理器", "system": "系统"}
ROWS: Mapping[str, str] = {
    "loopback": "本机",
    "150 ms": "150 毫秒",
    "5 Mbit/s for each connection": "每个连接 5 Mbit/s",
    "1 % loss, 20 ms": "1 % 丢包，20 毫秒",
    "upload.js, in parts": "upload.js，分片",
    "upload.js, as a form": "upload.js，表单",
    "@uppy/core and @uppy/aws-s3": "@uppy/core 和 @uppy/aws-s3",
    "interpreter": "解释器",
    "interpreter with json hashlib hmac base64": "解释器加 json hashlib hmac base64",
    "token, not compiled": "token，未编译",
    "token, users sign in": "token，用户登录",
    "callback, not compiled": "callback，未编译",
    "file grant": "单个文件的授权",
    "limits": "上传限制",
    "refused grant": "被拒绝的授权",
    "refused callback": "被拒绝的回调",
    "ours: policy and signature": "本项目：Policy 和签名",
    "ours: a whole file grant": "本项目：完整的授权",
    "curl to a functions-framework that reads and forgets": "curl 到只读取不保存的 functions-framework",
    "curl to the local stack: checked, hashed, stored, called back": "curl 到本机：检查、计算哈希、存储、回调",
    "bytes of a callback's body": "回调请求体的字节数",
    "bytes of a grant's headers": "授权请求头的字节数",
    "origins allowed": "允许的来源数",
    "types allowed": "允许的类型数",
    "keys of an identity provider": "身份提供商的密钥数",
    "public keys of OSS's cached": "缓存的 OSS 公钥数",
    "this page": "本项目的网页",
    "navigation to usable": "从打开到可用",
    "click to the first byte of a form": "从点击到表单的第一个字节",
    "click to done, one file": "从点击到完成，一个文件",
    "click to done, ten files": "从点击到完成，十个文件",
    "500 files": "500 个文件",
    "200 MiB at 1 Gbit/s": "200 MiB，1 Gbit/s",
    "Uppy, XHR": "Uppy，XHR",
    "Uppy, the whole bundle": "Uppy 完整包",
}
