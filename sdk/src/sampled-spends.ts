export { sampledSpends } from '@chorale/privacy';
