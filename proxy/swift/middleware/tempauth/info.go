package tempauth

import (
	"needletail/proxy/pyjson"
	"needletail/proxy/swift"
)

// Info is the middleware's section of /info.
func Info() *swift.InfoSection {
	return &swift.InfoSection{Name: "tempauth", Value: pyjson.Object{{Key: "account_acls", Value: true}}}
}
