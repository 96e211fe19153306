// SPDX-License-Identifier: Apache-2.0

//go:build !amd64

package fragment

// kernels are the kernels of this processor, the fastest first.
func kernels() []*kernel { return []*kernel{portable} }
