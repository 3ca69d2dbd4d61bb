// SPDX-License-Identifier: Apache-2.0

extension Evaluator {
    mutating func evaluate(_ fold: Plan.Fold) throws(CELError) -> CELValue {
        let operand = try evaluate(fold.operand)
        if fold.kind == .optionalMap || fold.kind == .optionalFlatMap { return try optional(fold, operand) }
        let range = try Range(operand, isPair: fold.isPair)
        switch fold.kind {
        case .all: return try quantified(fold, range, ending: false)
        case .exists: return try quantified(fold, range, ending: true)
        case .existsOne: return try existsOne(fold, range)
        case .list, .optionalMap, .optionalFlatMap: return .list(try transformed(fold, range))
        case .transformMap, .transformMapEntry: return try map(fold, range)
        case .sortBy:
            guard case .list(let elements) = operand else { throw .noSuchOverload }
            let keys = try transformed(fold, range)
            return .list(try Sorting.sorted(elements, by: keys, meter: &meter))
        }
    }

    /// What a macro goes over: elements, keys, or pairs of index and element or key and value.
    struct Range {
        let count: Int
        private let firsts: [CELValue]?
        private let seconds: [CELValue]?
        private let keys: [CELMap.Key]?

        init(_ operand: CELValue, isPair: Bool) throws(CELError) {
            switch operand {
            case .list(let elements):
                count = elements.count
                keys = nil
                firsts = isPair ? nil : elements
                seconds = isPair ? elements : nil
            case .map(let map):
                count = map.count
                keys = map.keys
                firsts = nil
                seconds = isPair ? map.values : nil
            default: throw .noSuchOverload
            }
        }

        func first(_ place: Int) -> CELValue {
            if let keys { return keys[place].value }
            return firsts?[place] ?? .int(Int64(place))
        }

        func second(_ place: Int) -> CELValue? { seconds?[place] }
    }

    /// Evaluates with the variables of one step bound.
    private mutating func bound<Result>(
        _ range: Range, _ place: Int, _ body: (inout Evaluator) throws(CELError) -> Result
    ) throws(CELError) -> Result {
        let height = locals.count
        locals.append(range.first(place))
        if let second = range.second(place) { locals.append(second) }
        defer { locals.removeLast(locals.count - height) }
        return try body(&self)
    }

    /// `all` (ending: false) and `exists` (ending: true): the first step that gives `ending` decides; else an error
    /// that some step met is the result.
    private mutating func quantified(_ fold: Plan.Fold, _ range: Range, ending: Bool) throws(CELError) -> CELValue {
        guard let condition = fold.condition else { throw .noSuchOverload }
        var failure: CELError?
        for place in 0..<range.count {
            try meter.charge(ending ? CallCost.existsStep : CallCost.allStep)
            let value = try bound(range, place) { (evaluator) throws(CELError) in
                try evaluator.absorbing(condition, &failure)
            }
            if value == ending { return .bool(ending) }
        }
        try meter.charge(CallCost.selection)
        if let failure { throw failure }
        return .bool(!ending)
    }

    private mutating func isChosen(_ condition: Plan?) throws(CELError) -> Bool {
        guard let condition else { return true }
        guard case .bool(let isChosen) = try evaluate(condition) else { throw .noSuchOverload }
        return isChosen
    }

    private mutating func existsOne(_ fold: Plan.Fold, _ range: Range) throws(CELError) -> CELValue {
        var count = 0
        for place in 0..<range.count {
            try meter.charge(CallCost.selection)
            let isChosen = try bound(range, place) { (evaluator) throws(CELError) in
                try evaluator.isChosen(fold.condition)
            }
            if isChosen { count += 1 }
        }
        return .bool(count == 1)
    }

    private mutating func transformed(_ fold: Plan.Fold, _ range: Range) throws(CELError) -> [CELValue] {
        guard let result = fold.result else { throw .noSuchOverload }
        var values: [CELValue] = []
        try meter.charge(CallCost.list)
        for place in 0..<range.count {
            try meter.charge(CallCost.selection)
            let value = try bound(range, place) { (evaluator) throws(CELError) -> CELValue? in
                try evaluator.isChosen(fold.condition) ? try evaluator.evaluate(result) : nil
            }
            if let value {
                try meter.charge(CallCost.listStep)
                values.append(value)
            }
        }
        return values
    }

    private mutating func map(_ fold: Plan.Fold, _ range: Range) throws(CELError) -> CELValue {
        guard let result = fold.result else { throw .noSuchOverload }
        var map = CELMap()
        try meter.charge(CallCost.map)
        for place in 0..<range.count {
            try meter.charge(CallCost.mapStep)
            let value = try bound(range, place) { (evaluator) throws(CELError) -> CELValue? in
                try evaluator.isChosen(fold.condition) ? try evaluator.evaluate(result) : nil
            }
            guard let value else { continue }
            if fold.kind == .transformMap {
                guard let key = CELMap.Key(exactly: range.first(place)) else { throw .noSuchOverload }
                map.insert(value, for: key)
                continue
            }
            guard case .map(let entries) = value else { throw .noSuchOverload }
            try meter.work(entries.count)
            for (key, value) in zip(entries.keys, entries.values) {
                guard map.insert(value, for: key) else { throw .failed("insert failed: key already exists") }
            }
        }
        return .map(map)
    }

    private mutating func optional(_ fold: Plan.Fold, _ operand: CELValue) throws(CELError) -> CELValue {
        guard let result = fold.result, case .optional(let held) = operand else { throw .noSuchOverload }
        try meter.charge(CallCost.optionalMap)
        guard let held else { return .optional(nil) }
        locals.append(held)
        defer { locals.removeLast() }
        let value = try evaluate(result)
        if fold.kind == .optionalMap { return .optional(value) }
        guard case .optional = value else { throw .noSuchOverload }
        return value
    }
}
