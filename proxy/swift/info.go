// SPDX-License-Identifier: Apache-2.0

package swift

import "needletail/proxy/pyjson"

// InfoSection is the section of a feature in /info. A client takes a section as
// the promise that the feature works.
type InfoSection struct {
	Name  string
	Value pyjson.Object
}
