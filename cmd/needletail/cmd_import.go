// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"needletail/auth/identity"
	"needletail/cmd/needletail/config"
)

// maxImportLine bounds a line of import-users.
const maxImportLine = 1 << 20

func newImportUsersCommand() *cobra.Command {
	var path, data string
	cmd := &cobra.Command{
		Use:   "import-users FILE",
		Short: "Take over the users of a Keystone's database, with their passwords",
		Long: "FILE has a JSON object a line, as the query in docs/keystone.md gives them; \"-\" is standard input.\n" +
			"Users keep their IDs. A user whose ID is there already is left alone. No server may run.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := loadStoreConfig(path, data)
			if err != nil {
				return err
			}
			if !exists(config.IdentityDir(cfg.Data)) {
				return fmt.Errorf("%w: %s is not the data folder of a server", errUsage, cfg.Data)
			}
			in := cmd.InOrStdin()
			if args[0] != "-" {
				f, err := os.Open(args[0])
				if err != nil {
					return err
				}
				defer f.Close()
				in = f
			}
			return runImport(cmd.Context(), cfg, in, cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&path, "config", "", "TOML `FILE` of the server")
	cmd.Flags().StringVar(&data, "data", "", "`DIR` of the server (default ./data)")
	return cmd
}

func runImport(ctx context.Context, cfg settings, in io.Reader, out io.Writer) (err error) {
	ids, done, err := openIdentitiesAlone(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxImportLine)
	made, there, failed := 0, 0, 0
	for n := 1; lines.Scan(); n++ {
		created, err := importUser(ctx, ids, lines.Bytes())
		switch {
		case identity.KindOf(err) == identity.KindInternal && err != nil && !errors.Is(err, errLine):
			return fmt.Errorf("line %d: %w", n, err)
		case err != nil:
			failed++
			fmt.Fprintf(out, "line %d: %v\n", n, err)
		case created:
			made++
		default:
			there++
		}
	}
	fmt.Fprintf(out, "%d users imported, %d were there, %d lines failed\n", made, there, failed)
	if err := lines.Err(); err != nil {
		return fmt.Errorf("after %d lines: %w", made+there+failed, err)
	}
	if failed > 0 {
		return fmt.Errorf("%w: %d lines failed", errWarning, failed)
	}
	return nil
}

// errLine: a line is not a user.
var errLine = errors.New("not a user of a Keystone's database")

// importedUser is one line of the input. Enabled is a boolean or SQL's 0 and 1.
// Extra is an object, or a text with an object as in Keystone's column.
type importedUser struct {
	ID               string          `json:"id"`
	Name             string          `json:"name"`
	DomainID         string          `json:"domain_id"`
	DomainName       string          `json:"domain_name"`
	Enabled          any             `json:"enabled"`
	DefaultProjectID string          `json:"default_project_id"`
	PasswordHash     string          `json:"password_hash"`
	Extra            json.RawMessage `json:"extra"`
}

// parseUserLine reads a line. The error is errLine.
func parseUserLine(line []byte) (u identity.User, domain string, err error) {
	var in importedUser
	if err := json.Unmarshal(line, &in); err != nil || in.ID == "" || in.Name == "" || in.DomainID == "" {
		return u, "", errLine
	}
	u = identity.User{ID: in.ID, Name: in.Name, DomainID: in.DomainID, DefaultProjectID: in.DefaultProjectID, PasswordHash: in.PasswordHash}
	switch in.Enabled {
	case true, 1.0:
		u.Enabled = true
	case false, 0.0:
	default:
		return u, "", fmt.Errorf("%w: enabled is neither true nor false", errLine)
	}
	var text string
	if json.Unmarshal(in.Extra, &text) == nil {
		in.Extra = json.RawMessage(text)
	}
	if len(in.Extra) > 0 && json.Unmarshal(in.Extra, &u.Extra) != nil {
		return u, "", fmt.Errorf("%w: extra is no object", errLine)
	}
	return u, cmp.Or(in.DomainName, in.DomainID), nil
}

// importUser stores the user of a line, and the user's domain if the domain is
// missing.
func importUser(ctx context.Context, ids *identity.Service, line []byte) (created bool, err error) {
	u, domain, err := parseUserLine(line)
	if err != nil {
		return false, err
	}
	if _, err := ids.User(u.ID); err == nil {
		return false, nil
	}
	if _, err := ids.Domain(u.DomainID); err != nil {
		if _, err := ids.CreateDomain(identity.Domain{ID: u.DomainID, Name: domain, Enabled: true}); err != nil {
			return false, err
		}
	}
	_, err = ids.CreateUser(ctx, u, "")
	return err == nil, err
}
