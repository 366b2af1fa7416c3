// The browser's port of operations/numbers.py: text to an exact decimal or a question, and decimals to text. The two
// agree line by line on tests/number_texts.tsv. A number is a string such as "1204.350", reckoned with as a BigInt.
"use strict";

const numbers = (() => {
  const MOST_DIGITS = 15;
  const ZEROS = {
    "Latin": 0x30, "full-width": 0xff10, "Khmer": 0x17e0, "Lao": 0x0ed0, "Thai": 0x0e50, "Burmese": 0x1040, "Shan": 0x1090,
  };
  const SCRIPT = new Map();
  const AS_ASCII = new Map([
    ...[..."\u00a0\u2007\u2009\u202f\u3000"].map((space) => [space, " "]),
    ["\u2019", "'"], ["\uff07", "'"], ["\uff0c", ","], ["\uff0e", "."],
  ]);
  for (const [script, zero] of Object.entries(ZEROS)) {
    for (let n = 0; n < 10; n++) {
      const digit = String.fromCodePoint(zero + n);
      SCRIPT.set(digit, script);
      AS_ASCII.set(digit, String(n));
    }
  }
  const ascii = (character) => AS_ASCII.get(character) ?? character;
  const isAllowed = (character) => "0123456789., '".includes(ascii(character));
  const EDGES = /^[ \t\r\n\u00a0\u2007\u2009\u202f\u3000\u200b\ufeff]+|[ \t\r\n\u00a0\u2007\u2009\u202f\u3000\u200b\ufeff]+$/g;
  const WA = /\u101d/g;
  // What Python counts as numeric beside the digits and numbers of Unicode.
  const NUMERAL = /[\p{N}㐅㒃㠪㭍一七万三九二五亖亿什仟仨伍佰億兆兩八六十千卄卅卌叁参參叄四壱壹幺廾廿弌弍弎弐拾捌柒漆玖百肆萬貮貳贰阡陆陌陸零]/u;

  // Python's meaning of \d, \s and \b, which reaches beyond ASCII.
  const WORD = "[\\p{L}\\p{N}_]";
  const SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
  const pattern = ({ raw: [source] }) => new RegExp(
    source
      .replace(/\[([^\]]*)\\s\]/g, `[$1${SPACE}]`)
      .replaceAll("\\s", `[${SPACE}]`)
      .replaceAll("\\d", "\\p{Nd}")
      .replaceAll("\\b", `(?:(?<=${WORD})(?!${WORD})|(?<!${WORD})(?=${WORD}))`),
    "iu",
  );
  const NOTHING = pattern`^(?:[\-‐‑‒–—―−－ー.,…．，'’＇·*\/?？\s]+|[oO\u101d]|#?n[\/.]?a\.?|nan|null|nil|none|nothing|no data|not known|unknown|not available|not applicable|không(?: có)?|无|無|没有|ไม่มี|ບໍ່ມີ|គ្មាន|မရှိ)$`;
  // What a text that is no number most likely is, in the order of asking: the first that fits says what to do.
  const KINDS = [
    ["bound", pattern`[<>≤≥~≈±＜＞～∼約约]|\d\s*[\-‐‑‒–—−－]\s*\d|\d\s*[+＋]|\b(?:about|around|over|almost|nearly|more than|less than|at least|hơn)\b|ประมาณ`],
    ["sign", pattern`^[\-+‐‑‒–—−－＋]\s*\d|\d\s*[\-‐‑‒–—−－]$`],
    ["exponent", pattern`\d\s*[e^]\s*[\-+]?\d|[×x*]\s*10`],
    ["unit", pattern`千克|公斤|毫克|吨|噸|片|升|kilogram(?:me)?s?|kgs?\b|tonn?e?s?\b|grams?\b|tablets?|pills?|lit(?:er|re)s?\b|viên|กก|กิโลกรัม|(?<=\d)\s*(?:g|t|l|ml|mg)\b`],
    ["full", pattern`[万萬亿億千百十]|พัน|หมื่น|แสน|ล้าน|ພັນ|ໝື່ນ|ຫມື່ນ|ແສນ|ລ້ານ|ពាន់|ម៉ឺន|សែន|លាន|ထောင်|သောင်း|သိန်း|သန်း|nghìn|ngàn|triệu|tỷ|thousand|million|billion|lakh|crore|(?<=\d)\s*(?:k|m|mn|mio|b|bn|n|tr)\b`],
    ["share", pattern`[%％‰]|percent`],
    ["money", pattern`[$¢£¥฿៛₭₫€￥]|\b(?:usd|baht|thb|kyat|kip|riel|vnd|rmb|cny)\b|đồng|บาท|元`],
  ];

  // Why a text is no number here: `code` names the kind, `words` fill its sentence; "ambiguous" has `readings` by ".", ",".
  class Unreadable extends Error {
    constructor(code, words, readings = null) {
      super(code);
      Object.assign(this, { code, words, readings });
    }
  }

  // The number a text means, or null where nothing is typed; Unreadable for all else. See numbers.read of the server.
  const read = (typed, { decimals, habit = "" }) => {
    const text = typed.replace(EDGES, "");
    if (!text) return null;
    const { groups, separators } = partsOf(text);
    const last = separators.at(-1);
    let isWhole = inThrees(groups, separators);
    const isFraction = separators.length > 0 && ".,".includes(last) && !separators.slice(0, -1).includes(last)
      && inThrees(groups.slice(0, -1), separators.slice(0, -1));
    if (isWhole && isFraction && decimals) {
      if (!habit) throw question(text, groups, last);
      isWhole = habit !== last;
    }
    if (!isWhole && !isFraction) throw new Unreadable("grouping", { text });
    const places = isWhole ? "" : groups.pop();
    if (places && !decimals) throw new Unreadable("whole", { text });
    if (places.length > decimals) throw new Unreadable("decimals", { text, decimals: String(decimals) });
    const digits = groups.join("");
    if (digits.length > MOST_DIGITS) throw new Unreadable("large", { text });
    return written(BigInt(digits + places), places.length);
  };

  const question = (text, groups, last) => {
    const whole = written(BigInt(groups.join("")), 0);
    const fraction = written(BigInt(groups.join("")), groups.at(-1).length);
    return new Unreadable("ambiguous", { text, whole, fraction }, { [last]: fraction, [last === "." ? "," : "."]: whole });
  };

  // A text's groups of digits, in ASCII, and the separators between them.
  const partsOf = (typed) => {
    const isBurmese = [...typed].some((character) => SCRIPT.get(character) === "Burmese");
    const characters = [...(isBurmese ? typed.replace(WA, "\u1040") : typed)];
    const text = characters.join("");
    const scripts = new Set(characters.map((character) => SCRIPT.get(character)).filter(Boolean));
    if (!scripts.size || !characters.every(isAllowed)) throw refusal(text, characters);
    if (scripts.size > 1) throw new Unreadable("mixed", { text });
    const pieces = characters.map(ascii).join("").split(/([., '])/);
    if (!pieces[0] || !pieces.at(-1)) throw new Unreadable("point", { text });
    return { groups: pieces.filter((_, n) => n % 2 === 0), separators: pieces.filter((_, n) => n % 2 === 1) };
  };

  const inThrees = (groups, separators) => separators.length === 0 || (
    new Set(separators).size === 1 && groups[0].length >= 1 && groups[0].length <= 3 && groups[0][0] !== "0"
    && groups.slice(1).every((group) => group.length === 3)
  );

  const refusal = (text, characters) => {
    if (NOTHING.test(text)) return new Unreadable("nothing", { text });
    const beginning = characters.slice(0, 200).join("");
    for (const [code, kind] of KINDS) {
      const found = kind.exec(beginning);
      if (found) return new Unreadable(code, { text, part: bare(found[0]) });
    }
    const part = characters.find((character) => !isAllowed(character));
    if (/[\p{C}\p{Z}]/u.test(part)) return new Unreadable("hidden", { text });
    if (NUMERAL.test(part)) return new Unreadable("digits", { text, part });
    return new Unreadable(characters.some((character) => SCRIPT.has(character)) ? "character" : "words", { text, part });
  };

  // The refusal in the reader's language; `sentences` are the server's, by code.
  const sentence = ({ code, words }, sentences) => sentences[code].replace(/%\((\w+)\)s/g, (_, name) => shown(words[name]));
  const SPACES = new RegExp(`[${SPACE}]+`, "g");
  const bare = (word) => word.replace(new RegExp(`^[${SPACE}]+|[${SPACE}]+$`, "g"), "");
  const shown = (word) => {
    const short = [...bare([...word].slice(0, 31).join("")).replace(SPACES, " ")]
      .map((character) => (/[\p{C}\p{Z}]/u.test(character) && character !== " " ? "\ufffd" : character));
    return short.length < 31 ? short.join("") : short.slice(0, 30).join("") + "…";
  };

  // ---------------------------------------------------------------------------------------------------- reckoning

  const written = (units, places) => {
    const digits = String(units).padStart(places + 1, "0");
    return places ? `${digits.slice(0, -places)}.${digits.slice(-places)}` : digits;
  };
  const parsed = (value) => {
    const [whole, fraction = ""] = value.split(".");
    return { units: BigInt(whole + fraction), places: fraction.length };
  };
  // Units of the last of so many decimals; a half goes up.
  const rounded = ({ units, places }, decimals) => {
    if (places <= decimals) return units * 10n ** BigInt(decimals - places);
    const one = 10n ** BigInt(places - decimals);
    return (units + one / 2n) / one;
  };

  // A number for people, with the separators of their language: [decimal, grouping].
  const grouped = (value, decimals, [point, comma]) => {
    const [whole, fraction] = written(rounded(parsed(value), decimals), decimals).split(".");
    return whole.replace(/\B(?=(\d{3})+$)/g, comma) + (fraction ? point + fraction : "");
  };

  // A quantity as reported, times its factor, in so many decimals; the product is exact, a half goes up once.
  const convert = (quantity, factor, decimals) => {
    const [a, b] = [parsed(quantity), parsed(factor)];
    return written(rounded({ units: a.units * b.units, places: a.places + b.places }, decimals), decimals);
  };

  // The sum of numbers that have at most so many decimals; null for none.
  const sum = (values, decimals) => {
    if (!values.length) return null;
    return written(values.reduce((total, value) => total + rounded(parsed(value), decimals), 0n), decimals);
  };

  return { read, sentence, grouped, convert, sum, Unreadable };
})();
