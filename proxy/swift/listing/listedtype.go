// SPDX-License-Identifier: Apache-2.0

package listing

import (
	"strings"

	"needletail/proxy/web"
)

// ContentType returns a content type as a listing shows it. The parameters are
// joined anew without spaces. A parameter without a value gets an empty value.
// Text that is no parameter is lost (swift/common/utils: parse_content_type and
// extract_swift_bytes).
func ContentType(contentType string) string {
	first := strings.IndexByte(contentType, ';')
	if first < 0 {
		return contentType
	}
	out := []byte(contentType[:first])
	rest := contentType[first:]
	for {
		_, after, ok := strings.Cut(rest, ";")
		if !ok {
			return string(out)
		}
		var name, value string
		if name, rest = web.CutToken(web.TrimSpace(after)); name == "" {
			rest = after
			continue
		}
		if afterEquals, ok := strings.CutPrefix(web.TrimSpace(rest), "="); ok {
			value, rest = cutParameterValue(web.TrimSpace(afterEquals))
		}
		out = append(append(append(out, ';'), name...), '=')
		out = append(out, value...)
	}
}

// cutParameterValue cuts a token or a quoted string. A quote without an end
// gives an empty value and cuts nothing.
func cutParameterValue(s string) (value, rest string) {
	if !strings.HasPrefix(s, `"`) {
		return web.CutToken(s)
	}
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return s[:i+1], s[i+1:]
		}
	}
	return "", s
}
