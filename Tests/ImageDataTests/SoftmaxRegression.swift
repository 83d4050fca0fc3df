import Foundation

/// A linear classifier trained by gradient descent, one image at a time.
struct SoftmaxRegression {
    let inputs: Int
    let classes: Int
    /// classes × inputs
    private var weights: [Float]

    init(inputs: Int, classes: Int) {
        self.inputs = inputs
        self.classes = classes
        weights = Array(repeating: 0, count: classes * inputs)
    }

    private func scores(_ image: [Float]) -> [Float] {
        weights.withUnsafeBufferPointer { weights in
            image.withUnsafeBufferPointer { image in
                (0..<classes).map { row in
                    let start = weights.baseAddress! + row * inputs
                    let pixels = image.baseAddress!
                    var sum: Float = 0
                    var index = 0
                    while index < inputs {
                        sum += start[index] * pixels[index]
                        index &+= 1
                    }
                    return sum
                }
            }
        }
    }

    /// The class of the largest score.
    func best(_ image: [Float]) -> Int {
        let scores = scores(image)
        return scores.indices.max { scores[$0] < scores[$1] } ?? 0
    }

    /// One step down the gradient of the cross-entropy.
    mutating func learn(_ image: [Float], _ label: Int, rate: Float) {
        let scores = scores(image)
        let top = scores.max() ?? 0
        let powers = scores.map { exp($0 - top) }
        let sum = powers.reduce(0, +)
        let inputs = inputs
        weights.withUnsafeMutableBufferPointer { weights in
            image.withUnsafeBufferPointer { image in
                for row in 0..<classes {
                    let step = rate * ((row == label ? 1 : 0) - powers[row] / sum)
                    let start = weights.baseAddress! + row * inputs
                    let pixels = image.baseAddress!
                    var index = 0
                    while index < inputs {
                        start[index] += step * pixels[index]
                        index &+= 1
                    }
                }
            }
        }
    }
}
