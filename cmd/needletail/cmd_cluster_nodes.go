// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"strings"

	"github.com/spf13/cobra"

	"needletail/objstore"
	"needletail/objstore/cluster/swiftconf"
	"needletail/ring"
)

func newClusterNodesCommand() *cobra.Command {
	var all bool
	var policy string
	cmd := &cobra.Command{
		Use:   "nodes ACCOUNT[/CONTAINER[/OBJECT]]",
		Short: "Print the servers that keep an account, a container or an object",
		Long: `Print the servers that keep an account, a container or an object, the requests
that ask them, and the folders to look at, in the form of Swift's swift-get-nodes.
Handoffs stand in for servers that are away; as many as there are primaries are
printed.

The command looks at the rings alone, and asks no server: what is printed is where
the name belongs. An object lies by the storage policy of its container, which
--policy names.`,
		Args: cobra.RangeArgs(1, 3),
		RunE: func(cmd *cobra.Command, args []string) error {
			target, err := parseTarget(args)
			if err != nil {
				return err
			}
			dir, _, err := openSwiftDir(cmd)
			if err != nil {
				return err
			}
			l, err := locate(dir, target, policy)
			if err != nil {
				return err
			}
			l.print(cmd.OutOrStdout(), all)
			return nil
		},
	}
	cmd.Flags().BoolVarP(&all, "all", "a", false, "all handoffs")
	cmd.Flags().StringVarP(&policy, "policy", "P", "", "storage policy of the object; default: the cluster's default policy")
	return cmd
}

// parseTarget reads a path, or its parts as arguments.
func parseTarget(args []string) ([]string, error) {
	if len(args) == 1 {
		args = strings.SplitN(strings.Trim(args[0], "/"), "/", 3)
	}
	for _, name := range args {
		if name == "" {
			return nil, fmt.Errorf("%w: %q has an empty name; it is ACCOUNT[/CONTAINER[/OBJECT]]", errUsage, strings.Join(args, "/"))
		}
	}
	return args, nil
}

// location is where a name belongs.
type location struct {
	target    []string // account, container, object, as far as it goes
	ring      *ring.Ring
	partition uint32
	hash      [16]byte
	folder    string // of a device: "accounts", "containers", "objects-1"
	policy    string // index in requests for objects, else ""
}

// locate finds a name in the ring of its kind.
func locate(dir *swiftconf.Dir, target []string, policyName string) (*location, error) {
	l := &location{target: target}
	switch len(target) {
	case 1:
		l.ring, l.folder = dir.AccountRing(), "accounts"
	case 2:
		l.ring, l.folder = dir.ContainerRing(), "containers"
	default:
		policies := dir.Config().StorePolicies()
		p := policies.Default()
		if policyName != "" {
			var ok bool
			if p, ok = policies.ByName(policyName); !ok {
				return nil, fmt.Errorf("%w: swift.conf has no storage policy %q", fs.ErrNotExist, policyName)
			}
		}
		l.ring, _ = dir.ObjectRing(p.Index)
		l.policy = fmt.Sprint(p.Index)
		l.folder = objectFolder(p.Index)
	}
	if policyName != "" && len(target) < 3 {
		return nil, fmt.Errorf("%w: only objects have a storage policy", errUsage)
	}
	names := append(append([]string{}, target...), "", "")
	l.hash = dir.Config().Hash.Sum(names[0], names[1], names[2])
	l.partition = l.ring.PartitionOf(l.hash)
	return l, nil
}

// objectFolder is the folder of a policy's objects on a device.
func objectFolder(p objstore.PolicyIndex) string {
	if p == 0 {
		return "objects"
	}
	return fmt.Sprintf("objects-%d", p)
}

// locatedDevice is a device with the remark behind its lines.
type locatedDevice struct {
	*ring.Device
	handoff bool
}

// devices are the primaries and handoffs that are printed.
func (l *location) devices(all bool) []locatedDevice {
	var list []locatedDevice
	primaries := l.ring.Nodes(l.partition)
	for _, d := range primaries {
		list = append(list, locatedDevice{Device: d})
	}
	for d := range l.ring.Handoffs(l.partition) {
		if !all && len(list) == 2*len(primaries) {
			break
		}
		list = append(list, locatedDevice{Device: d, handoff: true})
	}
	return list
}

// print prints the location as Swift does (swift/cli/info.py:
// print_item_locations), letter for letter.
func (l *location) print(w io.Writer, all bool) {
	titles := [...]string{"Account  \t", "Container\t", "Object   \t"}
	fmt.Fprintln(w)
	for i, name := range l.target {
		fmt.Fprintf(w, "%s%s\n", titles[i], quotePath(name))
	}
	if len(l.target) == 3 {
		fmt.Fprint(w, "\n\n")
	}
	fmt.Fprintf(w, "Partition\t%d\nHash     \t%x\n\n", l.partition, l.hash)
	devices := l.devices(all)
	for _, p := range devices {
		remark := ""
		if p.handoff {
			remark = "\t [Handoff]"
		}
		fmt.Fprintf(w, "Server:Port Device\t%s:%d %s%s\n", p.IP, p.Port, p.Device.Device, remark)
	}
	fmt.Fprint(w, "\n\n")
	for _, p := range devices {
		fmt.Fprintln(w, l.curl(p))
	}
	fmt.Fprint(w, "\n\nUse your own device location of servers:\nsuch as \"export DEVICE=/srv/node\"\n")
	for _, p := range devices {
		fmt.Fprintln(w, l.folderOf(p))
	}
	fmt.Fprint(w, "\nnote: `/srv/node*` is used as default value of `devices`, the real value is set in the config file on each storage node.\n")
}

// curl is the command that asks a server for the name.
func (l *location) curl(p locatedDevice) string {
	host := p.IP
	if addr, err := netip.ParseAddr(host); err == nil && addr.Is6() {
		host = "[" + host + "]"
	}
	line := fmt.Sprintf(`curl -g -I -XHEAD "http://%s:%d/%s/%d/%s"`, host, p.Port, p.Device.Device, l.partition, quotePath(strings.Join(l.target, "/")))
	if l.policy != "" {
		line += ` -H "X-Backend-Storage-Policy-Index: ` + l.policy + `"`
	}
	line += " --path-as-is"
	if p.handoff {
		line += " # [Handoff]"
	}
	return line
}

// folderOf is the command that lists the name's folder on a server.
func (l *location) folderOf(p locatedDevice) string {
	hash := fmt.Sprintf("%x", l.hash)
	remark := ""
	if p.handoff {
		remark = " # [Handoff]"
	}
	return fmt.Sprintf(`ssh %s "ls -lah ${DEVICE:-/srv/node*}/%s/%s/%d/%s/%s"%s`,
		p.IP, p.Device.Device, l.folder, l.partition, hash[len(hash)-3:], hash, remark)
}

// quotePath percent-encodes all bytes of a path but letters, digits, "_.-~" and
// "/", as Python's urllib.parse.quote.
func quotePath(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("_.-~/", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
