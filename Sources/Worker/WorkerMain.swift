// SPDX-License-Identifier: Apache-2.0

@main
enum WorkerMain {
    static func main() {}
}
