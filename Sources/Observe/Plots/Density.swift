import Foundation

/// How numbers are distributed, as a smooth curve.
enum Density {
    /// Values of a Gaussian kernel estimate at `count` places over the domain, the greatest of them 1; zeros
    /// where there is no number within. The kernel's width is Silverman's, of the deviation or of the middle
    /// half, whichever spreads less, and at least 1/100 of the domain: a peak among few others stays one.
    static func curve(_ values: [Float], over domain: ClosedRange<Double>, count: Int) -> [Double] {
        let extent = domain.upperBound - domain.lowerBound
        let finite = values.lazy.map(Double.init).filter { $0.isFinite }
        let numbers = finite.map { min(max($0, domain.lowerBound), domain.upperBound) }.sorted()
        var result = [Double](repeating: 0, count: count)
        guard !numbers.isEmpty, count > 1, extent > 0 else { return result }
        let total = Double(numbers.count)
        let mean = numbers.reduce(0, +) / total
        let variance = numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / total
        let half = numbers[numbers.count * 3 / 4] - numbers[numbers.count / 4]
        let spread = min(variance.squareRoot(), half / 1.34)
        let width = max(1.06 * spread * pow(total, -0.2), extent / 100)
        let distance = extent / Double(count - 1)
        for number in numbers {
            let place = (number - domain.lowerBound) / distance
            let reach = 4 * width / distance
            let near = max(0, Int(place - reach))...min(count - 1, Int(place + reach) + 1)
            for index in near {
                let offset = (Double(index) - place) * distance / width
                result[index] += exp(-0.5 * offset * offset)
            }
        }
        let greatest = result.max() ?? 0
        return greatest > 0 ? result.map { $0 / greatest } : result
    }
}
