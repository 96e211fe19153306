// SPDX-License-Identifier: Apache-2.0

package tempurl

import (
	"slices"
	"strings"
	"time"

	"needletail/auth/signing"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// The lists of Swift's configuration, with the defaults. An entry with '*' at
// its end is a prefix.
var (
	disallowed     = []string{"X-Object-Manifest", "X-Symlink-Target", "X-Copy-From"}
	incomingRemove = []string{"x-timestamp", "x-open-expired"}
	outgoingRemove = []string{"x-object-meta-*"}
	outgoingAllow  = []string{"x-object-meta-public-*"}
)

// inList says whether a list has the name, in any case of letters.
func inList(name string, list []string) bool {
	return slices.ContainsFunc(list, func(entry string) bool {
		if prefix, ok := strings.CutSuffix(entry, "*"); ok {
			_, ok = web.CutPrefix(name, prefix)
			return ok
		}
		return strings.EqualFold(name, entry)
	})
}

// cleanRequest refuses lines that would let an upload point elsewhere, and
// drops lines that a URL does not carry.
func cleanRequest(r *swift.Request) error {
	for _, name := range disallowed {
		if r.Header.Has(name) && r.Method != "GET" && r.Method != "HEAD" {
			return web.Statusf(400, "The header '%s' is not allowed in this tempurl", name)
		}
	}
	r.Header.DelFunc(func(name string) bool { return inList(name, incomingRemove) })
	return nil
}

// cleanResponse hides metadata and says how to show the object. The root of a
// container is staticweb's alone: a plain listing stays closed.
func cleanResponse(r *swift.Request, p swift.Path, u signing.TempURL, expires int64, res *web.Response) (*web.Response, error) {
	res.Header.DelFunc(func(name string) bool { return inList(name, outgoingRemove) && !inList(name, outgoingAllow) })
	if res.Status/100 != 2 || r.Method != "GET" && r.Method != "HEAD" {
		return res, nil
	}
	generated := res.Header.Get(swift.GeneratorHeader) == swift.GeneratorStaticWeb
	if p.Object == "" && !generated {
		if err := res.Close(); err != nil {
			return nil, err
		}
		return nil, invalid(r)
	}
	value := disposition(u, generated, res.Header.Get("Content-Disposition"), p.Object)
	res.Header.Set("Content-Disposition", strings.NewReplacer("\n", "%0A", "\r", "%0D").Replace(value))
	res.Header.Set("Expires", time.Unix(expires, 0).UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT"))
	return res, nil
}

// disposition takes the query's word, then the object's, then the name.
func disposition(u signing.TempURL, generated bool, stored, object string) string {
	switch {
	case (u.Inline || generated) && u.Filename != "":
		return named("inline", u.Filename)
	case u.Inline || generated:
		return "inline"
	case u.Filename != "":
		return named("attachment", u.Filename)
	case stored != "":
		return stored
	}
	object = strings.TrimRight(object, "/")
	return named("attachment", object[strings.LastIndexByte(object, '/')+1:])
}

// named returns RFC 6266's form with both kinds of filename.
func named(kind, filename string) string {
	quoted := web.Quote(filename)
	plain := strings.ReplaceAll(quoted, "%20", " ")
	return kind + `; filename="` + plain + `"; filename*=UTF-8''` + quoted
}
