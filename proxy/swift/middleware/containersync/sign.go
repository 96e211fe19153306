// SPDX-License-Identifier: Apache-2.0

package containersync

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
)

// Sign returns the signature of a request between clusters, 40 hex digits: the
// HMAC-SHA1 under the realm's key of
//
//	METHOD "\n" PATH "\n" X-TIMESTAMP "\n" NONCE "\n" USERKEY
//
// where path is percent-encoded, timestamp is the header's value, "0" without a
// header, and the user's key is the container's X-Container-Sync-Key
// (swift/common/container_sync_realms.py: get_sig).
func Sign(method, path, timestamp, nonce, realmKey, userKey string) string {
	mac := hmac.New(sha1.New, []byte(realmKey))
	mac.Write([]byte(method + "\n" + path + "\n" + timestamp + "\n" + nonce + "\n" + userKey))
	return hex.EncodeToString(mac.Sum(nil))
}

// signed reports, in constant time, whether sig is right under one of the keys.
func (r Realm) signed(sig, method, path, timestamp, nonce, userKey string) bool {
	ok := hmac.Equal([]byte(sig), []byte(Sign(method, path, timestamp, nonce, r.Key, userKey)))
	if r.Key2 != "" {
		ok = hmac.Equal([]byte(sig), []byte(Sign(method, path, timestamp, nonce, r.Key2, userKey))) || ok
	}
	return ok
}
