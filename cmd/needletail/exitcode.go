// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"io/fs"

	"needletail/auth/identity"
	"needletail/auth/token"
	"needletail/cmd/needletail/config"
	"needletail/objstore"
	"needletail/objstore/datafolder"
	"needletail/ring"
)

// The exit codes of all commands.
const (
	exitFailure  = 1 // the command failed, or found damage
	exitUsage    = 2 // wrong command line or configuration
	exitNotFound = 3 // what was named is not there: a file, a device, an object
	exitInUse    = 4 // another process uses the data folder
	exitWarning  = 5 // done, but the output says what is not as it should be
)

var (
	// errUsage marks an error of the command line or of the configuration.
	errUsage = config.ErrUsage
	// errWarning marks a command that is done, but whose output has a warning.
	errWarning = errors.New("warning")
)

// exitKinds maps kinds of errors to exit codes. The first kind that fits
// counts. Commands that look for damage do not wrap their findings: a report
// about a missing object is damage, not exitNotFound.
var exitKinds = []struct {
	kind error
	code int
}{
	{errUsage, exitUsage},
	{errWarning, exitWarning},
	{datafolder.ErrLocked, exitInUse},
	{datafolder.ErrForeign, exitFailure}, // a missing part is damage
	{datafolder.ErrIndex, exitFailure},
	{identity.ErrLost, exitFailure},
	{identity.ErrDamaged, exitFailure},
	{token.ErrKeysLost, exitFailure},
	{errNoControl, exitInUse},
	{ring.ErrNoDevice, exitNotFound},
	{objstore.KindNotFound, exitNotFound},
	{fs.ErrNotExist, exitNotFound},
}

// exitCode returns the exit code of the process for err, 0 for nil.
func exitCode(err error) int {
	if err == nil {
		return 0
	}
	for _, k := range exitKinds {
		if errors.Is(err, k.kind) {
			return k.code
		}
	}
	return exitFailure
}
