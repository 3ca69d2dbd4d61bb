// SPDX-License-Identifier: Apache-2.0

@main
enum DemoMain {
    static func main() {}
}
