package swift

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"time"
)

// NewTransID makes a transaction id: "tx", 21 random hex digits, "-", ten hex
// digits of Unix time, and the client's X-Trans-Id-Extra, quoted and cut to 32
// bytes (swift/common/utils: generate_trans_id).
func NewTransID(extra string) string {
	var b [11]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read does not fail
	id := fmt.Sprintf("tx%s-%010x", hex.EncodeToString(b[:])[:21], time.Now().Unix())
	if extra != "" {
		id += Quote("-" + extra[:min(len(extra), 32)])
	}
	return id
}
