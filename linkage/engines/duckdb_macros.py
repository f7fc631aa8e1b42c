"""Functions that the stages' SQL may use and that DuckDB lacks; another engine brings its own under the same names."""

from __future__ import annotations

# Blanks of Unicode and what is invisible: no-break and zero-width spaces, byte order mark.
BLANKS = " \t\r\n\v\f" + "".join(map(chr, (0x85, 0xA0, 0x2007, 0x200B, 0x202F, 0x2060, 0x3000, 0xFEFF)))
DATE = r"\d{4}-\d{1,2}-\d{1,2}"  # ISO 8601, and without its leading zeros
GROUP = "[0-9a-f]{1,4}"  # of an IPv6 address
CLOCK = r"[T ]\d{1,2}:\d{2}(:\d{2}(\.\d*)?)?"

MACROS = (
    f"trimmed(x) AS trim(x, '{BLANKS}')",
    # 123.0 and 123 are the same id; above 2^53 a float has no whole numbers of its own
    "number_text(x) AS CASE WHEN x = trunc(x) AND abs(x) < 9007199254740992 THEN x::BIGINT::VARCHAR "
    "ELSE x::VARCHAR END",
    "bytes_text(x) AS coalesce(TRY(decode(x)), lower(hex(x)))",
    "nested_text(x) AS CAST(to_json(x) AS VARCHAR)",
    "csv_delimiter(d) AS '[' || d || ']'",
    'csv_field(d) AS \'("(?:[^"]|"")*"|[^"\' || d || \']*)\'',
    "json_object_text(x) AS CASE WHEN json_valid(x) AND left(ltrim(x, E' \\t'), 1) = '{' THEN x END",
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
    "octet(x, i) AS TRY_CAST(split_part(x, '.', i) AS INTEGER)",
    "ipv4_text(n) AS concat_ws('.', n >> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255)",
    "ipv4_number(x) AS octet(x, 1)::BIGINT * 16777216 + octet(x, 2) * 65536 + octet(x, 3) * 256 + octet(x, 4)",
    "is_ipv4(x) AS regexp_full_match(x, '((25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)(\\.|$)){4}') AND right(x, 1) <> '.'",
    # IPv6 as nearly all logs write it: four groups and more before `::` or none, in plain groups; its first 64 bits
    "ipv6_head(x) AS split_part(lower(x), '::', 1)",
    "ipv6_group(x, i) AS ltrim(split_part(ipv6_head(x), ':', i), '0')",
    f"is_plain_ipv6(x) AS regexp_full_match(lower(x), '{GROUP}(:{GROUP}){{7}}') OR ("
    f"regexp_full_match(lower(x), '{GROUP}(:{GROUP}){{0,6}}::({GROUP}(:{GROUP}){{0,3}})?') AND "
    "length(x) - length(replace(x, ':', '')) <= 7 + CAST(right(x, 1) = ':' AS INTEGER))",
    "ipv6_start(x) AS list_reduce(list_transform([1, 2, 3, 4], lambda i : "
    "CAST('0x0' || ipv6_group(x, i) AS UBIGINT)), lambda a, b : a * 65536 + b)",
    "ipv6_network(x) AS regexp_replace(concat_ws(':', "
    + ", ".join(f"coalesce(nullif(ipv6_group(x, {i}), ''), '0')" for i in range(1, 5))
    + "), '(:0)+$', '') || '::/64'",
    # Luhn's check: from the right, every second digit doubled, digits of the products summed
    "luhn(digits) AS list_sum(list_transform(string_split(reverse(digits), ''), lambda d, i : "
    "CASE WHEN i % 2 = 0 THEN (d::INTEGER * 2) // 10 + (d::INTEGER * 2) % 10 ELSE d::INTEGER END)) % 10 = 0",
)
