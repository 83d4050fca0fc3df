import Randomness

/// A rectangle of an image, in pixels.
struct CropBox: Equatable {
    var x: Int
    var y: Int
    var width: Int
    var height: Int

    static let triesMax = 10
    static let areaMin = 0.08
    static let ratioMax = 4.0 / 3.0

    /// torchvision's RandomResizedCrop: up to ten tries of an area uniform in 8…100 % and an aspect ratio
    /// log-uniform in 3/4…4/3, at a uniform place; else the largest centred box of an allowed ratio.
    ///
    /// - Parameter random: its draws from 8 on are used, four for each try.
    static func random(width: Int, height: Int, _ random: CounterRandom) -> CropBox {
        let area = Double(width) * Double(height)
        for attempt in 0..<UInt64(triesMax) {
            let draw = 8 + 4 * attempt
            let target = area * (areaMin + (1 - areaMin) * random.uniform(draw))
            let ratio = power(ratioMax, 2 * random.uniform(draw + 1) - 1)
            let boxWidth = Int((target * ratio).squareRoot().rounded(.toNearestOrEven))
            let boxHeight = Int((target / ratio).squareRoot().rounded(.toNearestOrEven))
            if boxWidth > 0 && boxWidth <= width && boxHeight > 0 && boxHeight <= height {
                return CropBox(
                    x: random.integer(draw + 2, below: width - boxWidth + 1),
                    y: random.integer(draw + 3, below: height - boxHeight + 1), width: boxWidth,
                    height: boxHeight)
            }
        }
        return centred(width: width, height: height)
    }

    /// The largest centred box whose ratio lies in 3/4…4/3.
    static func centred(width: Int, height: Int) -> CropBox {
        var box = CropBox(x: 0, y: 0, width: width, height: height)
        if Double(width) < Double(height) / ratioMax {
            box.height = min(height, Int((Double(width) * ratioMax).rounded(.toNearestOrEven)))
        } else if Double(width) > Double(height) * ratioMax {
            box.width = min(width, Int((Double(height) * ratioMax).rounded(.toNearestOrEven)))
        }
        box.x = (width - box.width) / 2
        box.y = (height - box.height) / 2
        return box
    }

    /// base^exponent for base near 1 and |exponent| ≤ 1, as Σ (exponent · ln base)ⁿ / n! in plain double
    /// arithmetic, because C libraries' `pow` differ in the last bit and replicas must not.
    static func power(_ base: Double, _ exponent: Double) -> Double {
        let ratio = (base - 1) / (base + 1)
        var logarithm = 0.0
        for odd in stride(from: 31.0, through: 1, by: -2) { logarithm = logarithm * ratio * ratio + 1 / odd }
        let x = exponent * 2 * ratio * logarithm
        var sum = 1.0
        for term in stride(from: 16.0, through: 1, by: -1) { sum = 1 + sum * x / term }
        return sum
    }
}
