import io
import json
import struct

import pytest
from PIL import Image

from oss_emulator.callback.image_info import ImageInfo, image_info
from tests.support.emulator.scene import Scene, callback_parameter, json_reply


def picture(kind: str, size: tuple[int, int] = (300, 2), **options: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "red").save(out, kind, **options)
    return out.getvalue()


LONG_JPEG = picture("JPEG", exif=b"Exif\0\0" + b"x" * 60_000)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (picture("JPEG"), "jpg"),
        (picture("JPEG", progressive=True), "jpg"),
        (LONG_JPEG, "jpg"),
        (picture("JPEG").replace(b"\xff\xdb", b"\xff\xff\xff\xdb", 1), "jpg"),
        (picture("PNG"), "png"),
        (picture("GIF"), "gif"),
        (picture("BMP"), "bmp"),
        (picture("WEBP"), "webp"),
        (picture("WEBP", lossless=True), "webp"),
        (picture("WEBP", exif=b"Exif\0\0x"), "webp"),
        (picture("TIFF"), "tiff"),
        (picture("TIFF", big_tiff=False, compression="tiff_lzw"), "tiff"),
    ],
)
def test_reads_what_pillow_wrote(content: bytes, name: str) -> None:
    assert image_info(io.BytesIO(content)) == ImageInfo(300, 2, name)


def tiff(order: str, kind: int, width: int, height: int) -> bytes:
    mark = b"II*\0" if order == "<" else b"MM\0*"
    value = "H2x" if kind == 3 else "I"
    entries = b"".join(
        struct.pack(f"{order}HHI{value}", tag, kind, 1, number)
        for tag, number in ((256, width), (257, height))
    )
    return mark + struct.pack(f"{order}IH", 8, 2) + entries


@pytest.mark.parametrize(
    ("content", "info"),
    [
        (tiff(">", 3, 4, 5), ImageInfo(4, 5, "tiff")),
        (tiff("<", 4, 70_000, 5), ImageInfo(70_000, 5, "tiff")),
        (b"BM" + bytes(12) + struct.pack("<Iii", 40, 7, -8) + bytes(20), ImageInfo(7, 8, "bmp")),
        (b"BM" + bytes(12) + struct.pack("<IHH", 12, 7, 8) + bytes(20), ImageInfo(7, 8, "bmp")),
    ],
)
def test_reads_what_pillow_does_not_write(content: bytes, info: ImageInfo) -> None:
    assert image_info(io.BytesIO(content)) == info


PNG, JPEG = picture("PNG"), picture("JPEG")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"BM",
        b"RIFF",
        b"RIFF\0\0\0\0WAVEfmt " + bytes(20),
        b"RIFF\0\0\0\0WEBPVP8Z" + bytes(20),
        b"RIFF\0\0\0\0WEBPVP8 " + bytes(20),
        b"GIF89a" + bytes(20),
        b"%PDF-1.7 \xff\xd8\xff",
        b"<svg xmlns='http://www.w3.org/2000/svg' width='1' height='1'/>",
        PNG[:32],
        PNG[:17] + b"\x01" + PNG[18:],
        JPEG[:20],
        b"\xff\xd8" + JPEG[2:].replace(b"\xff\xc0", b"\xff\xc4"),
        b"\xff\xd8" + b"\xff" * 100_000,
        b"\xff\xd8\xff\x01" * 2,
        b"\xff\xd8\xff\xe0\0\0\0\0",
        b"\xff\xd8" + b"\xff\xe0\0\2" * 2000,
        tiff("<", 2, 4, 5),
        tiff("<", 3, 0, 5),
        b"II*\0\xff\xff\xff\xff",
        b"II*\0\x08\0\0\0\xff\xff",
    ],
)
def test_anything_else_is_no_image(content: bytes) -> None:
    assert image_info(io.BytesIO(content)) is None


class Counting(io.BytesIO):
    """A file that counts the bytes read from it."""

    count = 0

    def read(self, size: int | None = -1) -> bytes:
        content = super().read(size)
        self.count += len(content)
        return content


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "WEBP"])
def test_reads_a_few_bytes_of_a_large_image(kind: str) -> None:
    content = Counting(picture(kind, (2000, 2000)) + bytes(1_000_000))

    assert image_info(content)
    assert content.count < 200


TEMPLATE = "h=${imageInfo.height}&w=${imageInfo.width}&f=${imageInfo.format}&v=${vpcId}"
JSON_TEMPLATE = '{"h":${imageInfo.height},"w":${imageInfo.width},"f":${imageInfo.format},"v":${vpcId}}'


def told(scene: Scene, content: bytes, template: str = TEMPLATE, kind: str = "") -> bytes:
    scene.replies = [json_reply()]
    callback = callback_parameter(callbackBody=template, callbackBodyType=kind or None)
    assert scene.upload({"key": "a", "callback": callback}, content).status == 200
    return scene.called[-1][1]


def test_image_variables_describe_an_image(scene: Scene) -> None:
    assert told(scene, JPEG) == b"h=2&w=300&f=jpg&v="
    assert json.loads(told(scene, PNG, JSON_TEMPLATE, "application/json")) == {
        "h": 2,
        "w": 300,
        "f": "png",
        "v": None,
    }


def test_image_variables_are_empty_for_other_files(scene: Scene) -> None:
    assert told(scene, b"hello") == b"h=&w=&f=&v="
    assert told(scene, b"x", JSON_TEMPLATE, "application/json") == b'{"h":null,"w":null,"f":null,"v":null}'
    scene.set(switches="json_missing_variable=empty")
    assert told(scene, b"x", JSON_TEMPLATE, "application/json") == b'{"h":"","w":"","f":"","v":""}'


@pytest.mark.parametrize("meanwhile", ["overwritten", "gone"])
def test_image_variables_are_empty_if_the_image_is_gone(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    scene.upload({"key": "another"}, JPEG)
    store = scene.bucket.store
    other = store.open("another") if meanwhile == "overwritten" else None
    monkeypatch.setattr(store, "open", lambda *_: other)

    assert told(scene, JPEG) == b"h=&w=&f=&v="


def test_an_object_is_opened_only_for_a_template_that_asks(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(type(scene.bucket.store), "open")

    assert told(scene, JPEG, "o=${object}&x=imageInfo.height") == b"o=a&x=imageInfo.height"
