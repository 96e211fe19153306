// SPDX-License-Identifier: Apache-2.0

package swift

import (
	"strconv"
	"strings"

	"needletail/proxy/web"
)

// Symlink is the target of a link, as kept in the link's sysmeta
// (swift/common/middleware/symlink.py). Names are decoded.
type Symlink struct {
	// Account is "" for a target in the link's own account.
	Account           string
	Container, Object string
	// ETag and SizeBytes are the target's, in a static link. ETag is "" in a
	// dynamic link.
	ETag      string
	SizeBytes int64
}

// EmptyETag is the MD5 of no bytes: the ETag of a link itself.
const EmptyETag = "d41d8cd98f00b204e9800998ecf8427e"

const (
	symlinkTarget  = "X-Object-Sysmeta-Symlink-Target"
	symlinkAccount = "X-Object-Sysmeta-Symlink-Target-Account"
	symlinkETag    = "X-Object-Sysmeta-Symlink-Target-Etag"
	symlinkBytes   = "X-Object-Sysmeta-Symlink-Target-Bytes"
)

// SymlinkOf returns the target in a response to GET, HEAD or POST of an object.
// ok is false if the object is no link.
func SymlinkOf(h web.Header) (s Symlink, ok bool) {
	target, ok := h.Lookup(symlinkTarget)
	if !ok {
		return s, false
	}
	s.Container, s.Object, _ = strings.Cut(strings.TrimLeft(web.Unquote(target), "/"), "/")
	s.Account, s.ETag = web.Unquote(h.Get(symlinkAccount)), h.Get(symlinkETag)
	s.SizeBytes, _ = strconv.ParseInt(h.Get(symlinkBytes), 10, 64) // written by SetSymlink
	return s, s.Container != "" && s.Object != ""
}

// Path returns the target's decoded path, for a link in account.
func (s Symlink) Path(version, account string) string {
	if s.Account != "" {
		account = s.Account
	}
	return "/" + version + "/" + account + "/" + s.Container + "/" + s.Object
}

// SetSymlink makes the PUT of an empty object the PUT of a link: it sets the
// link's sysmeta and the values for the listing. Further parameters of
// OverrideETag stay unchanged.
func SetSymlink(h *web.Header, s Symlink) {
	set := func(name, value string) {
		if value == "" {
			h.Del(name)
		} else {
			h.Set(name, value)
		}
	}
	etag, params := splitOverride(h.Get(OverrideETag))
	if etag == "" {
		etag = EmptyETag
	}
	for _, p := range params {
		if !strings.HasPrefix(p.name, "symlink_") {
			etag += "; " + p.name + "=" + p.value
		}
	}
	target := web.Quote(s.Container + "/" + s.Object)
	etag += "; symlink_target=" + target
	set(symlinkTarget, target)
	set(symlinkAccount, web.Quote(s.Account))
	if s.Account != "" {
		etag += "; symlink_target_account=" + web.Quote(s.Account)
	}
	set(symlinkETag, s.ETag)
	size := ""
	if s.ETag != "" {
		size = strconv.FormatInt(s.SizeBytes, 10)
		etag += "; symlink_target_etag=" + s.ETag + "; symlink_target_bytes=" + size
	}
	set(symlinkBytes, size)
	h.Set(OverrideETag, etag)
}
