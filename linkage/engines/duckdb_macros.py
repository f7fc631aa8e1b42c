"""Functions that the stages' SQL may use and that DuckDB lacks; another engine brings its own under the same names."""

from __future__ import annotations

# Blanks of Unicode and what is invisible: no-break and zero-width spaces, byte order mark.
BLANKS = " \t\r\n\v\f" + "".join(map(chr, (0x85, 0xA0, 0x2007, 0x200B, 0x202F, 0x2060, 0x3000, 0xFEFF)))
DATE = r"\d{4}-\d{1,2}-\d{1,2}"  # ISO 8601, and without its leading zeros
CLOCK = r"[T ]\d{1,2}:\d{2}(:\d{2}(\.\d*)?)?"
HALVES = r"(\\[^u]|\\u[dD][89abAB]\w\w\\u[dD][c-fC-F]\w\w)|\\u[dD][89a-fA-F]\w\w"  # the first group is whole

MACROS = (
    f"trimmed(x) AS trim(x, '{BLANKS}')",
    "longer(x, most) AS strlen(x) > most AND length(x) > most",  # in characters; bytes are told without reading them
    # 123.0 and 123 are the same id; above 2^53 a float has no whole numbers of its own
    "number_text(x) AS CASE WHEN x = trunc(x) AND abs(x) < 9007199254740992 THEN x::BIGINT::VARCHAR "
    "ELSE x::VARCHAR END",
    "bytes_text(x) AS coalesce(TRY(decode(x)), lower(hex(x)))",
    "nested_text(x) AS CAST(to_json(x) AS VARCHAR)",
    "csv_delimiter(d) AS '[' || d || ']'",
    'csv_field(d) AS \'("(?:[^"]|"")*"|[^"\' || d || \']*)\'',
    # half of a character of two, as programs leave it that cut texts, makes JSON broken
    f"whole_characters(x) AS regexp_replace(x, '{HALVES}', '\\1', 'g')",
    "json_object_text(x) AS CASE WHEN left(ltrim(x, E' \\t'), 1) = '{' THEN CASE WHEN json_valid(x) THEN x "
    "WHEN json_valid(whole_characters(x)) THEN whole_characters(x) END END",
    "json_fields(doc, pointers) AS json_extract_string(doc, pointers)",
    # 128 bits stand for a long text, two hashes of 64: chance makes two equal once in 10^22 at 10^8 texts. MD5 would
    # take three times as long; neither holds against whoever makes texts to be equal
    "digest(x) AS CASE WHEN x IS NOT NULL THEN (CAST(hash(x) AS UHUGEINT) << 64) | hash('.' || x) END",
    "short_digest(x) AS CASE WHEN x IS NOT NULL THEN hash(x) END",  # 64 bits; who joins by it looks for equal ones
    # times: text with its offset; text without, as UTC; a number of microseconds since 1970
    f"is_instant(x) AS regexp_full_match(x, '{DATE}{CLOCK}(Z| ?UTC|[+-]\\d{{2}}(:?\\d{{2}})?)')",
    f"is_local_time(x) AS regexp_full_match(x, '{DATE}({CLOCK})?')",
    "instant(x) AS TRY_CAST(x AS TIMESTAMPTZ)",
    "local_time(x) AS TRY_CAST(x AS TIMESTAMP)",
    "at_zone(x, zone) AS timezone(zone, x)",
    "parsed_time(x, format) AS try_strptime(x, format)",
    "instant_of_micros(x) AS make_timestamptz(CAST(round(x) AS BIGINT))",
    # RFC 4180: a field is quoted, its quotes doubled, or has none. Null when a line is not made of such fields.
    "csv_fields(line, d) AS CASE WHEN "
    "regexp_full_match(line, csv_field(d) || '(' || csv_delimiter(d) || csv_field(d) || ')*') "
    "THEN list_transform(regexp_extract_all(d || line, csv_delimiter(d) || csv_field(d), 1), lambda f : "
    "CASE WHEN left(f, 1) = '\"' THEN replace(f[2:length(f) - 1], '\"\"', '\"') ELSE f END) END",
    "ipv4_text(n) AS concat_ws('.', n >> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255)",
    # Luhn's check: from the right, every second digit doubled, digits of the products summed
    "luhn(digits) AS list_sum(list_transform(string_split(reverse(digits), ''), lambda d, i : "
    "CASE WHEN i % 2 = 0 THEN (d::INTEGER * 2) // 10 + (d::INTEGER * 2) % 10 ELSE d::INTEGER END)) % 10 = 0",
)
