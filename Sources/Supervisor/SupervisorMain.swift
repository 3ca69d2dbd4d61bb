// SPDX-License-Identifier: Apache-2.0

@main
enum SupervisorMain {
    static func main() {}
}
