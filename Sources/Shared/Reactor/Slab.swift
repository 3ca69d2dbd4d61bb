// SPDX-License-Identifier: Apache-2.0

/// Elements in places that are numbered from 0 on and never move down; it grows and does not shrink. What an `Array` in
/// a class would do, without its check for other owners and for overlapping accesses at each change of one element:
/// the loop changes several at each event. Every index is checked.
@safe final class Slab<Element> {
    private var elements: UnsafeMutablePointer<Element>
    private var capacity: Int
    private(set) var count = 0

    init(capacity: Int = 64) {
        self.capacity = capacity
        unsafe elements = .allocate(capacity: capacity)
    }

    deinit {
        unsafe elements.deinitialize(count: count)
        unsafe elements.deallocate()
    }

    func append(_ element: Element) {
        if count == capacity { grow() }
        unsafe elements.advanced(by: count).initialize(to: element)
        count += 1
    }

    func popLast() -> Element? {
        guard count > 0 else { return nil }
        count -= 1
        return unsafe elements.advanced(by: count).move()
    }

    func removeAll() {
        let former = count
        count = 0
        unsafe elements.deinitialize(count: former)
    }

    subscript(index: Int) -> Element {
        unsafeAddress {
            precondition(index >= 0 && index < count)
            return unsafe UnsafePointer(elements + index)
        }
        unsafeMutableAddress {
            precondition(index >= 0 && index < count)
            return unsafe elements + index
        }
    }

    private func grow() {
        let larger = UnsafeMutablePointer<Element>.allocate(capacity: capacity * 2)
        unsafe larger.moveInitialize(from: elements, count: count)
        unsafe elements.deallocate()
        unsafe elements = larger
        capacity *= 2
    }
}
