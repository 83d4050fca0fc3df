import Foundation
import Randomness
import Testing

@testable import ImageData

struct AugmentationTests {
    private func draws(_ count: Int) -> [Augmentation.Draw] {
        (0..<count).map { Augmentation.Draw(seed: 5, epoch: 3, sample: $0) }
    }

    @Test func halfOfTheImagesAreFlipped() {
        let flipped = draws(4000).count { $0.flips }
        #expect((1850...2150).contains(flipped))
    }

    @Test func cropsReachAllOffsets() {
        var seen = Set<[Int]>()
        for draw in draws(3000) {
            let offset = draw.cropOffset(choices: 9)
            #expect((0..<9).contains(offset.x) && (0..<9).contains(offset.y))
            seen.insert([offset.x, offset.y])
        }
        #expect(seen.count == 81)
    }

    @Test func drawsDependOnSeedEpochAndSample() {
        let base = Augmentation.Draw(seed: 1, epoch: 2, sample: 3).random.bits(1)
        #expect(base == Augmentation.Draw(seed: 1, epoch: 2, sample: 3).random.bits(1))
        #expect(base != Augmentation.Draw(seed: 2, epoch: 2, sample: 3).random.bits(1))
        #expect(base != Augmentation.Draw(seed: 1, epoch: 3, sample: 3).random.bits(1))
        #expect(base != Augmentation.Draw(seed: 1, epoch: 2, sample: 4).random.bits(1))
    }

    @Test(arguments: [(500, 375), (375, 500), (64, 64), (1, 1), (1, 500), (500, 1), (2, 3), (65_500, 1000)])
    func cropBoxesLieInside(_ width: Int, _ height: Int) {
        for draw in draws(500) {
            let box = CropBox.random(width: width, height: height, draw.random)
            #expect(box.x >= 0 && box.y >= 0 && box.width > 0 && box.height > 0)
            #expect(box.x + box.width <= width && box.y + box.height <= height)
        }
    }

    /// On a large square nearly all first tries fit: area is uniform and the ratio's logarithm too.
    @Test func cropBoxesHaveTheRightSizes() {
        var area = 0.0
        var ratio = 0.0
        for draw in draws(4000) {
            let box = CropBox.random(width: 10_000, height: 10_000, draw.random)
            let share = Double(box.width * box.height) / 1e8
            let aspect = Double(box.width) / Double(box.height)
            #expect(share > 0.0799 && share <= 1 && aspect > 0.749 && aspect < 1.335)
            area += share / 4000
            ratio += log(aspect) / 4000
        }
        // Areas above 3/4 are rejected for some ratios, so the mean is below 0.54: 0.477 by simulation.
        #expect(abs(area - 0.477) < 0.015)
        #expect(abs(ratio) < 0.02)
    }

    @Test(arguments: [
        (1, 500, CropBox(x: 0, y: 249, width: 1, height: 1)),
        (500, 1, CropBox(x: 249, y: 0, width: 1, height: 1)),
        (100, 400, CropBox(x: 0, y: 133, width: 100, height: 133)),
        (400, 100, CropBox(x: 133, y: 0, width: 133, height: 100)),
        (100, 120, CropBox(x: 0, y: 0, width: 100, height: 120)),
    ])
    func centredBox(_ width: Int, _ height: Int, _ box: CropBox) {
        #expect(CropBox.centred(width: width, height: height) == box)
    }

    @Test func powerAgreesWithTheLibrary() {
        for step in -20...20 {
            let exponent = Double(step) / 20
            #expect(abs(CropBox.power(4.0 / 3, exponent) - pow(4.0 / 3, exponent)) < 1e-14)
        }
    }
}
