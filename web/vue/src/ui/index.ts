// Everything that is taken from Ant Design Vue, in one place, so that a successor can take its place here.

export {
  Alert,
  Badge,
  Button,
  Checkbox,
  ConfigProvider,
  Drawer,
  Input,
  InputPassword,
  Segmented,
  Switch,
  Textarea,
  theme,
} from 'ant-design-vue'
export { default as Choice } from './Choice.vue'
export { default as Confirm } from './Confirm.vue'
export { default as Dialog } from './Dialog.vue'
export { default as NumberField } from './NumberField.vue'
export { default as Popup } from './Popup.vue'
export { default as StateMark } from './StateMark.vue'
