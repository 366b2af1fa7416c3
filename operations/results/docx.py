"""A plain document for word processors: paragraphs in three styles, as the least that Office Open XML asks for."""

import io
import re
import zipfile
from xml.sax.saxutils import escape, quoteattr

TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
# Style → its look in WordprocessingML; sizes in half points, distances in twentieths of a point.
STYLES = {
    "Normal": '<w:pPr><w:spacing w:after="160" w:line="300" w:lineRule="auto"/></w:pPr>'
    '<w:rPr><w:sz w:val="24"/></w:rPr>',
    "Title": '<w:pPr><w:spacing w:after="240"/></w:pPr><w:rPr><w:b/><w:sz w:val="36"/></w:rPr>',
    "Note": '<w:pPr><w:spacing w:after="80"/></w:pPr><w:rPr><w:sz w:val="19"/></w:rPr>',
}
_MAIN = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_WORD = TYPE.rpartition(".")[0]
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # in XML at all
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # so that the same words make the same bytes


def document(paragraphs: list[tuple[str, str]], *, title: str, language: str) -> bytes:
    """A .docx of (style, text), each text a paragraph; `language` is as in addresses, for spelling and for fonts."""
    body = "".join(
        f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr>'
        f'<w:r><w:t xml:space="preserve">{_text(words)}</w:t></w:r></w:p>'
        for style, words in paragraphs
    )
    edge = "".join(f' w:{side}="1418"' for side in ("top", "right", "bottom", "left"))
    page = f'<w:sectPr><w:pgSz w:w="11906" w:h="16838"/><w:pgMar{edge}/></w:sectPr>'  # A4
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{_WORD}.document.main+xml"/>'
        f'<Override PartName="/word/styles.xml" ContentType="{_WORD}.styles+xml"/>'
        '<Override PartName="/docProps/core.xml" '
        'ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="document" Type="{_OFFICE}/officeDocument" Target="word/document.xml"/>'
        f'<Relationship Id="core" Type="{_PACKAGE}/relationships/metadata/core-properties" '
        'Target="docProps/core.xml"/></Relationships>',
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="styles" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
        "word/document.xml": f"<w:document {_MAIN}><w:body>{body}{page}</w:body></w:document>",
        "word/styles.xml": f"<w:styles {_MAIN}>{_defaults(language)}{_styles()}</w:styles>",
        "docProps/core.xml": f'<cp:coreProperties xmlns:cp="{_PACKAGE}/metadata/core-properties" '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{_text(title)}</dc:title>'
        f"<dc:language>{_text(language)}</dc:language></cp:coreProperties>",
    }
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in parts.items():
            package.writestr(zipfile.ZipInfo(name, LONG_AGO), _HEAD + text, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def _defaults(language: str) -> str:
    """Which language is spelt; East Asian and complex scripts have a place of their own."""
    tag = quoteattr(language)
    fonts = (
        '<w:rFonts w:ascii="Noto Sans" w:hAnsi="Noto Sans" w:eastAsia="Noto Sans CJK SC" w:cs="Noto Sans"/>'
    )
    spelt = f"<w:lang w:val={tag} w:eastAsia={tag} w:bidi={tag}/>"
    return f"<w:docDefaults><w:rPrDefault><w:rPr>{fonts}{spelt}</w:rPr></w:rPrDefault></w:docDefaults>"


def _styles() -> str:
    return "".join(
        f'<w:style w:type="paragraph" w:styleId="{name}"{" w:default=" + quoteattr("1") if name == "Normal" else ""}>'
        f'<w:name w:val="{name}"/>{look}</w:style>'
        for name, look in STYLES.items()
    )


def _text(words: str) -> str:
    return escape(_UNWRITABLE.sub("\ufffd", words))
