# SPDX-License-Identifier: Apache-2.0
#
# How the programs that ship are built: for packaging/debian/rules, and for what measures them (Benchmarks/Makefile.inc).

# The modules are optimised together once more while they are linked, by the linker of Swift's own toolchain: calls between
# them are inlined, which the compiler of one module cannot do, and no check is left out. A plain request takes an eighth
# fewer instructions. It costs more than a minute for each program, so that `make build` goes without.
LINK_TIME_OPTIMISATION := --experimental-lto-mode full -Xswiftc -use-ld=lld

SHIPPED := --configuration release --static-swift-stdlib
