import { registerKernel } from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-webgpu/dist/base.js';
import { batchMatMulConfig } from '@tensorflow/tfjs-backend-webgpu/dist/kernels/BatchMatMul.js';
import { concatConfig } from '@tensorflow/tfjs-backend-webgpu/dist/kernels/Concat.js';
import { multiplyConfig } from '@tensorflow/tfjs-backend-webgpu/dist/kernels/Multiply.js';
import { reluConfig } from '@tensorflow/tfjs-backend-webgpu/dist/kernels/Relu.js';
import { reshapeConfig } from '@tensorflow/tfjs-backend-webgpu/dist/kernels/Reshape.js';
import { sigmoidConfig } from '@tensorflow/tfjs-backend-webgpu/dist/kernels/Sigmoid.js';
import { sliceConfig } from '@tensorflow/tfjs-backend-webgpu/dist/kernels/Slice.js';
import { softmaxConfig } from '@tensorflow/tfjs-backend-webgpu/dist/kernels/Softmax.js';
import { stepConfig } from '@tensorflow/tfjs-backend-webgpu/dist/kernels/Step.js';
import { subConfig } from '@tensorflow/tfjs-backend-webgpu/dist/kernels/Sub.js';
import { tanhConfig } from '@tensorflow/tfjs-backend-webgpu/dist/kernels/Tanh.js';
import { transposeConfig } from '@tensorflow/tfjs-backend-webgpu/dist/kernels/Transpose.js';

// The kernels that TfjsEngine issues, and no others: all of them are several times the size.
const kernels = [
  batchMatMulConfig,
  concatConfig,
  multiplyConfig,
  reluConfig,
  reshapeConfig,
  sigmoidConfig,
  sliceConfig,
  softmaxConfig,
  stepConfig,
  subConfig,
  tanhConfig,
  transposeConfig,
];
for (const kernel of kernels) registerKernel(kernel);
